// What the tests need from the system beyond Node: a browser, a display, a keychain, tools of the test bed.
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run, say } from './node.mjs'

/** Debian package -> a program or file that shows it is there. */
const packages = {
  chromium: 'chromium',
  xvfb: 'Xvfb',
  'dbus-x11': 'dbus-run-session',
  'gnome-keyring': 'gnome-keyring-daemon',
  'libsecret-tools': 'secret-tool',
  iproute2: 'ip',
  iptables: 'iptables',
  runc: 'runc',
  'containernetworking-plugins': '/usr/lib/cni/bridge',
  'util-linux': 'setpriv',
  'libgtk-3-0': '/usr/lib/x86_64-linux-gnu/libgtk-3.so.0',
  libnss3: '/usr/lib/x86_64-linux-gnu/libnss3.so',
  libasound2: '/usr/lib/x86_64-linux-gnu/libasound.so.2',
  libgbm1: '/usr/lib/x86_64-linux-gnu/libgbm.so.1',
  libxss1: '/usr/lib/x86_64-linux-gnu/libXss.so.1',
}

function isThere(proof) {
  if (proof.startsWith('/')) return existsSync(proof)
  return (process.env.PATH ?? '')
    .split(delimiter)
    .concat('/usr/sbin', '/sbin')
    .some((folder) => {
      try {
        accessSync(join(folder, proof), constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** As root on Debian installs what is missing; elsewhere names it. Specs that lack something say so by name. */
export async function installSystemPackages() {
  const missing = Object.keys(packages).filter((name) => !isThere(packages[name]))
  if (missing.length === 0) return
  const canInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (!canInstall) {
    say(`not installed here: ${missing.join(' ')}; the tests that need them will say that they did not run`)
    return
  }
  say(`installing ${missing.join(' ')} ...`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...missing]
  const quiet = { env, stdio: ['ignore', 'ignore', 2] }
  if ((await run('apt-get', ['update', '-qq'], quiet)) !== 0 || (await run('apt-get', install, quiet)) !== 0)
    say('apt-get failed; the tests that need these packages will say that they did not run')
}
