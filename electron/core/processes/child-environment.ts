import type { ChildKind } from './child-spec.ts'

/** What every program may need to find files, speak to people and reach the network; nothing here is a secret of ours. */
const allowed = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'TZ',
  'TMPDIR',
  'TMP',
  'TEMP',
  'XDG_CONFIG_HOME',
  'XDG_CACHE_HOME',
  'XDG_DATA_HOME',
  'XDG_RUNTIME_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  // Windows programs do not start without most of these.
  'SYSTEMROOT',
  'SYSTEMDRIVE',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'USERNAME',
  'USERDOMAIN',
  'USERPROFILE',
  'HOMEDRIVE',
  'HOMEPATH',
  'APPDATA',
  'LOCALAPPDATA',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'PROGRAMW6432',
])

/** Ours, or set by what started us; a credential command gets everything else of the user's login. */
const withheldFromCommands = /^(MOORING_|ELECTRON_|CHROME_|npm_|NODE_|VITEST|INIT_CWD$)/

/** `KUBERC=off`: a user's kuberc can change the address port-forward binds. `LC_ALL=C`: causes are read from its words. */
const forKubectl = { LC_ALL: 'C', KUBERC: 'off' } as const

/**
 * The environment a child gets, made from the user's login environment and never from ours. kubectl and helpers get a
 * fixed list of names. A credential command gets the login environment as kubectl would give it (cloud tools read many
 * variables, some of the user's own), without what is ours.
 */
export function childEnvironment(
  kind: ChildKind,
  login: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const passes =
    kind === 'credential-command'
      ? (name: string) => !withheldFromCommands.test(name)
      : (name: string) => allowed.has(name.toUpperCase()) || name === 'KUBECTL_PORT_FORWARD_WEBSOCKETS'
  const inherited = Object.fromEntries(Object.entries(login).filter(([name]) => passes(name)))
  const fixed = kind === 'kubectl' || kind === 'probe-command' ? forKubectl : {}
  return { ...inherited, ...fixed, ...own }
}
