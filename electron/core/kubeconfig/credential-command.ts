import type { CredentialCommand } from '../../../contract/kubeconfigs.ts'
import type { UserFields } from './kubeconfig-fields.ts'
import type { Entry } from './kubeconfig-model.ts'
import { resolvePath } from './referenced-files.ts'

/** The command as one line for people; no shell ever reads it. */
export const commandLine = (command: string, args: readonly string[]): string => [command, ...args].join(' ')

/**
 * The program that a user entry runs. As for kubectl, a name without a slash is searched in PATH, and a relative path
 * starts from the folder of the kubeconfig; without a folder it stays relative and must not be run.
 */
export function commandOf(user: Entry<UserFields> | null): string | null {
  const command = user?.fields.exec?.command ?? null
  if (user === null || command === null || !isRelativePath(command)) return command
  return resolvePath(command, user.document.path) ?? command
}

/** A path that leads nowhere by itself: `./plugin`, `bin/plugin`, `.\plugin.bat`. */
export const isRelativePath = (command: string): boolean =>
  /[/\\]/.test(command) && !/^(?:[/\\]|[a-z]:[/\\])/i.test(command)

/** The command that a user entry would run, values of its environment masked: they may be secrets. */
export function shownCommand(user: Entry<UserFields> | null): CredentialCommand | null {
  const command = commandOf(user)
  const exec = user?.fields.exec
  if (command === null || exec == null) return null
  const env = exec.env.map(({ name }) => ({ name, value: '•••' }))
  return { command, args: exec.args, ...(env.length > 0 && { env }) }
}

/** A yes of the user: command and arguments, or the whole line as it was shown. */
export type CommandConsent = string | { command: string; args: readonly string[] }

/** True when the consent is for exactly this command and these arguments. */
export function covers(consent: CommandConsent, exec: { command: string; args: readonly string[] }): boolean {
  if (typeof consent === 'string') return consent === commandLine(exec.command, exec.args)
  return (
    consent.command === exec.command &&
    consent.args.length === exec.args.length &&
    consent.args.every((argument, index) => argument === exec.args[index])
  )
}
