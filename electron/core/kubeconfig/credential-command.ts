import { createHash } from 'node:crypto'
import { CredentialCommand } from '../../../contract/kubeconfigs.ts'
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

/** Whether the command is longer than a person can be asked about; no such entry can be added. */
export const isTooLong = (command: string, args: readonly string[]): boolean =>
  command !== '' && !CredentialCommand.safeParse({ command, args }).success

/**
 * What would run, in full. A yes is for all of it: the variables that a kubeconfig sets can decide what code runs as
 * much as the arguments do (PATH, LD_PRELOAD, AWS_CONFIG_FILE).
 */
export type CommandToRun = {
  readonly command: string
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
}

/** What a user entry would run; null: nothing, or nothing that may. */
export function commandToRun(user: Entry<UserFields> | null): CommandToRun | null {
  const command = commandOf(user)
  const exec = user?.fields.exec
  if (command === null || exec == null || isTooLong(command, exec.args)) return null
  return { command, args: exec.args, env: exec.env }
}

/** The same for people: values of variables may be secrets and are masked. */
export function shownCommand({ command, args, env }: CommandToRun): CredentialCommand {
  const masked = env.map(({ name }) => ({ name, value: '•••' }))
  return { command, args: [...args], ...(masked.length > 0 && { env: masked }) }
}

/** Stands for a command where the values of its variables must not stay: the same only when not a word of it differs. */
export const commandFingerprint = ({ command, args, env }: CommandToRun): string =>
  createHash('sha256')
    .update(JSON.stringify([command, args, env.map(({ name, value }) => [name, value])]))
    .digest('base64url')

/** A yes of the user to a command of the text it came with: command and arguments, or the whole line as it was shown. */
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
