import { posix, win32 } from 'node:path'

export type Surroundings = {
  readonly os: NodeJS.Platform
  readonly home: string
  readonly environment: Readonly<Record<string, string>>
}

/** Folders where installers put kubectl although they are on nobody's PATH; `~` is the home folder. */
const usual: Readonly<Record<string, readonly string[]>> = {
  linux: [
    '/usr/local/bin',
    '/usr/bin',
    '/snap/bin',
    '/home/linuxbrew/.linuxbrew/bin',
    '~/.local/bin',
    '~/bin',
    '~/google-cloud-sdk/bin',
    '/usr/lib/google-cloud-sdk/bin',
    '~/.rd/bin',
    '~/.docker/bin',
    '~/.krew/bin',
    '~/.nix-profile/bin',
    '/run/current-system/sw/bin',
  ],
  darwin: [
    '/opt/homebrew/bin',
    '/usr/local/bin',
    '/opt/local/bin',
    '~/.local/bin',
    '~/bin',
    '~/google-cloud-sdk/bin',
    '/opt/homebrew/share/google-cloud-sdk/bin',
    '/usr/local/share/google-cloud-sdk/bin',
    '/Applications/Docker.app/Contents/Resources/bin',
    '~/.docker/bin',
    '~/.rd/bin',
    '~/.nix-profile/bin',
  ],
  win32: [
    '%ProgramFiles%\\Docker\\Docker\\resources\\bin',
    '%LOCALAPPDATA%\\Microsoft\\WinGet\\Links',
    '%ProgramData%\\chocolatey\\bin',
    '~\\scoop\\shims',
    '%LOCALAPPDATA%\\Google\\Cloud SDK\\google-cloud-sdk\\bin',
    '%ProgramFiles(x86)%\\Google\\Cloud SDK\\google-cloud-sdk\\bin',
    '%ProgramFiles%\\Rancher Desktop\\resources\\resources\\win32\\bin',
    '~\\.azure-kubectl',
  ],
}

const variableOf = ({ os, environment }: Surroundings, name: string): string | undefined =>
  os === 'win32'
    ? Object.entries(environment).find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1]
    : environment[name]

/** Entries of the PATH that are no full paths; an empty one means the folder a program happens to be in. */
export function relativeFolders(surroundings: Surroundings): string[] {
  const path = surroundings.os === 'win32' ? win32 : posix
  const onPath = variableOf(surroundings, 'PATH') ?? ''
  return onPath === '' ? [] : onPath.split(path.delimiter).filter((folder) => !path.isAbsolute(folder))
}

/** Where kubectl may be, most wanted first: folders of the PATH, then the usual ones. Relative ones are passed over. */
export function kubectlFolders(surroundings: Surroundings): string[] {
  const { os, home } = surroundings
  const path = os === 'win32' ? win32 : posix
  const variable = (name: string): string | undefined => variableOf(surroundings, name)
  const onPath = (variable('PATH') ?? '').split(path.delimiter)
  const known = (usual[os] ?? []).flatMap((folder) => {
    const inHome = folder.startsWith('~') ? home + folder.slice(1) : folder
    const [, name, rest] = /^%([^%]+)%(.*)$/.exec(inHome) ?? []
    if (name === undefined) return [inHome]
    const value = variable(name)
    return value === undefined ? [] : [value + (rest ?? '')]
  })
  const normal = (folder: string): string => path.normalize(folder).replace(/(?<=.)[\\/]$/, '')
  return [...new Set([...onPath, ...known].filter((folder) => path.isAbsolute(folder)).map(normal))]
}

/** The files that may be kubectl in such a folder. */
export const kubectlNames = (os: NodeJS.Platform): string[] =>
  os === 'win32' ? ['kubectl.exe'] : ['kubectl', 'microk8s.kubectl']

/** By what somebody installs kubectl here; `osRelease` is the text of /etc/os-release, empty elsewhere. */
export function installCommand(os: NodeJS.Platform, architecture: string, osRelease: string): string {
  if (os === 'darwin') return 'brew install kubectl'
  if (os === 'win32') return 'winget install -e --id Kubernetes.kubectl'
  const field = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? ''
  const kinds = `${field('ID')} ${field('ID_LIKE')}`.split(' ')
  if (kinds.includes('ubuntu')) return 'sudo snap install kubectl --classic'
  if (kinds.includes('fedora')) return 'sudo dnf install -y kubernetes-client'
  if (kinds.includes('arch')) return 'sudo pacman -S kubectl'
  if (kinds.includes('alpine')) return 'sudo apk add kubectl'
  if (kinds.some((kind) => kind.includes('suse'))) return 'sudo zypper install kubernetes-client'
  if (kinds.includes('nixos')) return 'nix profile install nixpkgs#kubectl'
  // Debian's own package is years behind, so the release itself.
  const cpu = architecture === 'arm64' ? 'arm64' : 'amd64'
  return (
    `curl -LO "https://dl.k8s.io/release/$(curl -Ls https://dl.k8s.io/release/stable.txt)/bin/linux/${cpu}/kubectl"` +
    ' && sudo install -m 0755 kubectl /usr/local/bin/kubectl'
  )
}
