import type { ContextPreview, CredentialCommand, KubeconfigPreview } from '../../../../contract/kubeconfigs.ts'

/** What the user ticked and wrote over a preview; only what differs from the proposal is kept. */
export type Choices = {
  readonly ticked: Readonly<Record<string, boolean>>
  readonly names: Readonly<Record<string, string>>
  readonly environments: Readonly<Record<string, string>>
  /** Environment for every context that has none of its own here. */
  readonly environment: string
  readonly commands: Readonly<Record<string, boolean>>
  readonly files: Readonly<Record<string, boolean>>
}

export const noChoices: Choices = { ticked: {}, names: {}, environments: {}, environment: '', commands: {}, files: {} }

/** Proposed are contexts that can be added and are not stored yet. */
export const isTicked = (context: ContextPreview, choices: Choices): boolean =>
  context.addable && (choices.ticked[context.context] ?? context.duplicateOf === null)

/** A command as one line: exactly what would run, with quotes where a word needs them. */
export const commandLine = ({ command, args }: Pick<CredentialCommand, 'command' | 'args'>): string =>
  [command, ...args]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')

export type CommandChoice = {
  readonly key: string
  readonly command: CredentialCommand
  readonly allowed: boolean
  readonly contexts: readonly string[]
}

/** Commands that the ticked contexts would run, each once. */
export function commandChoices(contexts: readonly ContextPreview[], choices: Choices): readonly CommandChoice[] {
  const found = new Map<string, { command: CredentialCommand; allowed: boolean; contexts: string[] }>()
  for (const context of contexts) {
    if (context.command === null || !isTicked(context, choices)) continue
    const key = JSON.stringify([context.command.command, context.command.args])
    const entry = found.get(key) ?? { command: context.command, allowed: context.commandAllowed, contexts: [] }
    entry.contexts.push(context.context)
    found.set(key, entry)
  }
  return [...found].map(([key, entry]) => ({ key, ...entry }))
}

export type FileChoice = {
  readonly path: string
  readonly fields: readonly string[]
  readonly exists: boolean
  readonly contexts: readonly string[]
}

/** Files that the ticked contexts refer to, each once. */
export function fileChoices(contexts: readonly ContextPreview[], choices: Choices): readonly FileChoice[] {
  const found = new Map<string, { fields: Set<string>; exists: boolean; contexts: Set<string> }>()
  for (const context of contexts) {
    if (!isTicked(context, choices)) continue
    for (const file of context.files) {
      const entry = found.get(file.path) ?? { fields: new Set(), exists: file.exists, contexts: new Set() }
      entry.fields.add(file.field)
      entry.contexts.add(context.context)
      found.set(file.path, entry)
    }
  }
  return [...found].map(([path, entry]) => ({
    path,
    fields: [...entry.fields],
    exists: entry.exists,
    contexts: [...entry.contexts],
  }))
}

/** Embedded unless said otherwise: all but token files, which others renew and which are read whenever they are needed. */
export const isEmbedded = ({ path, fields, exists }: FileChoice, choices: Choices): boolean =>
  exists && (choices.files[path] ?? !fields.includes('tokenFile'))

/** The part of the add operation that the choices decide. */
export function addInput(preview: KubeconfigPreview, choices: Choices) {
  const ticked = preview.contexts.filter((context) => isTicked(context, choices))
  return {
    contexts: ticked.map(({ context }) => {
      const name = choices.names[context]?.trim() ?? ''
      const environment = (choices.environments[context] ?? choices.environment).trim()
      return {
        context,
        ...(name === '' || name === context ? {} : { name }),
        ...(environment === '' ? {} : { environment }),
      }
    }),
    allowCommands: commandChoices(ticked, choices)
      .filter(({ key, allowed }) => !allowed && choices.commands[key] === true)
      .map(({ command: { command, args } }) => ({ command, args })),
    embedFiles: fileChoices(ticked, choices)
      .filter((file) => isEmbedded(file, choices))
      .map(({ path }) => path),
  }
}
