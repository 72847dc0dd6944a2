import { describe, expect, it } from 'vitest'
import { installCommand, kubectlFolders } from './kubectl-places.ts'
import { parseClientVersion, skewMessage, vendorOf } from './kubectl-version.ts'

describe('kubectl’s version', () => {
  it('is read from its JSON, and from nothing else', () => {
    expect(parseClientVersion('{"clientVersion":{"major":"1","gitVersion":"v1.36.3"},"kustomizeVersion":"v5"}')).toBe(
      'v1.36.3',
    )
    expect(parseClientVersion('{"serverVersion":{}}')).toBeNull()
    expect(parseClientVersion('Welcome!')).toBeNull()
  })

  it.each([
    ['v1.36.3', 'v1.36.3', null],
    ['v1.36.3', 'v1.35.0', null],
    ['v1.35.3', 'v1.36.0', null],
    ['v1.36.3', 'v1.30.5+k3s1', 'kubectl 1.36 is 6 minor versions newer than the cluster'],
    ['v1.32.4-dispatcher', 'v1.36.3', 'kubectl 1.32 is 4 minor versions older than the cluster'],
    ['v1.36.3', 'unknown', null],
  ])('%s with a server of %s', (client, server, message) => {
    const got = skewMessage(client, server)
    if (message === null) expect(got).toBeNull()
    else expect(got).toContain(message)
  })

  it.each([
    ['v1.36.3', '/usr/local/bin/kubectl', '/usr/local/bin/kubectl', null],
    ['v1.32.4-dispatcher', '/usr/bin/kubectl', '/usr/bin/kubectl', 'gcloud dispatcher'],
    ['v1.36.3', '/usr/local/bin/kubectl', '/usr/lib/google-cloud-sdk/bin/kubectl', 'Google Cloud SDK'],
    ['v1.31.0', '/usr/local/bin/kubectl', '/Applications/Docker.app/Contents/Resources/bin/kubectl', 'Docker Desktop'],
    ['v1.31.0', 'C:\\Program Files\\Docker\\Docker\\resources\\bin\\kubectl.exe', '', 'Docker Desktop'],
    ['v1.31.0', '/home/a/.rd/bin/kubectl', '/home/a/.rd/bin/kubectl', 'Rancher Desktop'],
    ['v1.31.0+k3s1', '/usr/local/bin/kubectl', '/usr/local/bin/k3s', 'k3s'],
    ['v1.31.0-eks-1a2b3c', '/usr/local/bin/kubectl', '/usr/local/bin/kubectl', 'Amazon EKS'],
    [null, '/snap/bin/microk8s.kubectl', '/usr/bin/snap', 'MicroK8s'],
    ['v1.31.0', '/snap/bin/kubectl', '/usr/bin/snap', 'snap'],
  ])('%s at %s (%s) is %s', (version, path, realPath, vendor) => {
    expect(vendorOf(version, path, realPath)).toBe(vendor)
  })
})

describe('where kubectl is looked for', () => {
  it('is the PATH first, then the usual folders, each once and never a relative one', () => {
    const environment = { PATH: '/opt/mine:relative:.:/usr/local/bin/' }
    const folders = kubectlFolders({ os: 'linux', home: '/home/a', environment })
    expect(folders.slice(0, 3)).toEqual(['/opt/mine', '/usr/local/bin', '/usr/bin'])
    expect(folders).toContain('/home/a/google-cloud-sdk/bin')
    expect(folders).not.toContain('relative')
  })

  it('follows Windows’ variables, whatever their case', () => {
    const environment = {
      Path: 'C:\\tools',
      ProgramData: 'C:\\ProgramData',
      LOCALAPPDATA: 'C:\\Users\\a\\AppData\\Local',
    }
    const folders = kubectlFolders({ os: 'win32', home: 'C:\\Users\\a', environment })
    expect(folders[0]).toBe('C:\\tools')
    expect(folders).toEqual(
      expect.arrayContaining(['C:\\ProgramData\\chocolatey\\bin', 'C:\\Users\\a\\scoop\\shims']) as string[],
    )
    expect(folders.join()).not.toContain('%')
  })
})

describe('how kubectl is installed', () => {
  it.each([
    ['darwin', '', 'brew install kubectl'],
    ['win32', '', 'winget install -e --id Kubernetes.kubectl'],
    ['linux', 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', 'sudo snap install kubectl --classic'],
    ['linux', 'ID="linuxmint"\nID_LIKE="ubuntu debian"\n', 'sudo snap install kubectl --classic'],
    ['linux', 'ID=fedora\n', 'sudo dnf install -y kubernetes-client'],
    ['linux', 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', 'sudo zypper install kubernetes-client'],
    ['linux', 'ID=debian\n', '/bin/linux/arm64/kubectl'],
  ] as const)('on %s (%j)', (os, osRelease, command) => {
    expect(installCommand(os, 'arm64', osRelease)).toContain(command)
  })
})
