import { randomUUID } from 'node:crypto'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import type { AllowedCommand, CredentialCommand } from '../../../contract/kubeconfigs.ts'
import type { Clock } from '../clock.ts'
import { type CommandToRun, commandFingerprint, shownCommand } from '../kubeconfig/credential-command.ts'
import type { HandlersOf } from '../operations/handlers.ts'
import { Listeners } from '../listeners.ts'
import { type CommandRow, CommandTable } from '../store/command-table.ts'
import type { Store } from '../store/store.ts'
import type { SealedAt, Vault } from '../vault/vault.ts'

/** Of variables only their names, and a fingerprint of it all: the list is kept in memory and outlives its clusters. */
type Known = {
  readonly id: string
  readonly allowedAt: number
  readonly shown: CredentialCommand
  readonly fingerprint: string
}

const sealedAt = (id: string): SealedAt => ({ table: 'allowed_command', column: 'arguments', rowId: id })

const known = ({ id, allowed_at }: CommandRow, command: CommandToRun): Known => ({
  id,
  allowedAt: allowed_at,
  shown: shownCommand(command),
  fingerprint: commandFingerprint(command),
})

export type AllowedCommandsOptions = {
  readonly store: Store
  readonly vault: Vault
  readonly clock: Clock
  /** Names of the clusters whose credentials come from this command. */
  readonly usersOf?: (fingerprint: string) => string[]
}

/**
 * Credential commands the user said yes to, each exactly as written: command, every argument, every variable that the
 * kubeconfig sets. Arguments and variables can hold secrets, so they are sealed; while the vault is locked nothing is
 * allowed.
 */
export class AllowedCommands {
  readonly #options: AllowedCommandsOptions
  readonly #table: CommandTable
  readonly #changes = new Listeners<null>()
  #known: Known[] | null = null

  constructor(options: AllowedCommandsOptions) {
    this.#options = options
    this.#table = new CommandTable(options.store)
    options.vault.register({ table: 'allowed_command', column: 'arguments', idColumn: 'id' })
    options.vault.onChange(() => {
      this.#known = null
      this.#changes.emit(null)
    })
  }

  /** Something was allowed, or is allowed no longer. */
  readonly onChange = this.#changes.listen

  list(): AllowedCommand[] {
    return this.#all().map((known) => this.#shown(known))
  }

  isAllowed(command: CommandToRun): boolean {
    return this.#find(command) !== undefined
  }

  /** Allows one; allowing it twice changes nothing. Errors: vault-locked, vault-not-set-up, storage-failed. */
  allow(command: CommandToRun): Result<AllowedCommand> {
    const before = this.#find(command)
    if (before !== undefined) return ok(this.#shown(before))
    const id = randomUUID()
    const { args, env } = command
    const plaintext = Buffer.from(JSON.stringify({ args, env }), 'utf8')
    const sealed = this.#options.vault.seal(sealedAt(id), plaintext)
    plaintext.fill(0)
    if (!sealed.ok) return sealed
    const row = { id, command: command.command, arguments: sealed.value, allowed_at: this.#options.clock.now() }
    const written = this.#options.store.write((database) => this.#table.insert(database, row))
    if (!written.ok) return written
    this.#known = null
    this.#changes.emit(null)
    return ok(this.#shown(known(row, command)))
  }

  /** Errors: not-found, storage-failed. */
  remove(id: string): Result<Record<string, never>> {
    const removed = this.#options.store.write((database) => this.#table.remove(database, id))
    if (!removed.ok) return removed
    if (!removed.value)
      return fail(appError('not-found', 'There is no such command on the list.', 'Look at the list again.'))
    this.#known = null
    this.#changes.emit(null)
    return ok({})
  }

  handlers(): HandlersOf<'commands.list' | 'commands.allow' | 'commands.remove'> {
    return {
      'commands.list': () => this.#listed(),
      'commands.allow': ({ command, args, env }) => this.allow({ command, args, env: env ?? [] }),
      'commands.remove': ({ id }) => this.remove(id),
    }
  }

  /** A list that cannot be read is not an empty one. Errors: vault-locked, vault-undecryptable. */
  #listed(): Result<AllowedCommand[]> {
    const [first] = this.#table.all()
    if (first === undefined || this.#options.vault.status().state === 'unlocked') return ok(this.list())
    const opened = this.#options.vault.open(sealedAt(first.id), first.arguments)
    return opened.ok ? ok(this.list()) : opened
  }

  #find(command: CommandToRun): Known | undefined {
    const wanted = commandFingerprint(command)
    return this.#all().find(({ fingerprint }) => fingerprint === wanted)
  }

  #shown({ id, shown, fingerprint, allowedAt }: Known): AllowedCommand {
    return { id, ...shown, clusters: this.#options.usersOf?.(fingerprint) ?? [], allowedAt }
  }

  #all(): Known[] {
    this.#known ??= this.#table.all().flatMap((row) => {
      const opened = this.#options.vault.open(sealedAt(row.id), row.arguments)
      if (!opened.ok) return []
      const sealed = JSON.parse(opened.value.toString('utf8')) as Pick<CommandToRun, 'args' | 'env'>
      opened.value.fill(0)
      return [known(row, { ...sealed, command: row.command })]
    })
    return this.#known
  }
}
