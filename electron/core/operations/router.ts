import { AppError, appError, fail, ok, type Result } from '../../../contract/errors.ts'
import { type OperationName, operations } from '../../../contract/operations.ts'
import type { Log } from '../log.ts'
import type { CallContext, Handler, Handlers } from './handlers.ts'

/** What is written down about an operation that changes something. */
export type AuditRecord = {
  principal: string
  operation: OperationName
  resource: string | null
  details: Record<string, unknown>
  result: 'ok' | AppError['code']
}

export type RouterOptions = {
  handlers: Handlers
  audit: (record: AuditRecord) => void
  log: Log
}

/** Fields whose contents are, or may hold, secrets: only their size is written down. */
const secretFields = new Set(['text', 'base64', 'passphrase', 'args', 'env', 'allowCommands', 'notes'])

/** What is longer says nothing to a reader of the audit log, and a caller must not fill the disk with it. */
const mostCharacters = 4000

/**
 * The one door to everything Mooring does: authorise, parse, handle, audit, answer. IPC, HTTP and the CLI come through
 * here. Never throws; a bug becomes `internal`, is logged, and shows nothing of itself to the caller.
 */
export class Router {
  readonly #options: RouterOptions

  constructor(options: RouterOptions) {
    this.#options = options
  }

  async call(name: string, input: unknown, context: CallContext): Promise<Result<unknown>> {
    if (!Object.hasOwn(operations, name))
      return fail(
        appError('unknown-route', 'There is no such operation.', 'See /api/v1/openapi.json for what there is.'),
      )
    const operationName = name as OperationName
    const declaration = operations[operationName]
    const result = await this.#answer(operationName, input, context)
    if (declaration.changes) this.#audit(operationName, input, context, result)
    return result
  }

  async #answer(name: OperationName, input: unknown, context: CallContext): Promise<Result<unknown>> {
    const declaration = operations[name]
    if (!context.principal.permissions.has(declaration.permission))
      return fail(
        appError(
          'permission-denied',
          `This needs the permission ${declaration.permission}.`,
          'Ask an administrator of this Mooring for it.',
          {
            details: { permission: declaration.permission },
          },
        ),
      )
    const parsed = declaration.input.safeParse(input ?? {})
    if (!parsed.success) {
      const issues = parsed.error.issues
        .slice(0, 20)
        .map((issue) => ({ path: issue.path.map(String), message: issue.message }))
      const first = issues[0]
      const where = first === undefined || first.path.length === 0 ? '' : `${first.path.join('.')}: `
      return fail(
        appError(
          'invalid-input',
          `The input is not valid: ${where}${first?.message ?? 'unreadable'}.`,
          'Correct the named fields and try again.',
          {
            details: { issues },
          },
        ),
      )
    }
    try {
      // The table's type ties each name to its own input and output; a dynamic look-up cannot express that tie.
      const handler = this.#options.handlers[name] as unknown as Handler<'app.status'>
      const result: Result<unknown> = await handler(parsed.data as never, context)
      if (!result.ok) return fail(AppError.parse(result.error))
      return ok(declaration.output.parse(result.value))
    } catch (error) {
      this.#options.log.error(
        `${name} failed with a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      )
      return fail(
        appError(
          'internal',
          'Something went wrong inside Mooring.',
          'Try again; if it stays, copy the report from Diagnostics into a bug report.',
        ),
      )
    }
  }

  #audit(name: OperationName, input: unknown, context: CallContext, result: Result<unknown>): void {
    const given =
      typeof input === 'object' && input !== null && !Array.isArray(input) ? (input as Record<string, unknown>) : {}
    const known = new Set(Object.keys((operations[name].input as unknown as { shape?: object }).shape ?? {}))
    const details: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(given)) {
      if (!known.has(key) || key === 'id' || value === undefined) continue
      const characters = JSON.stringify(value).length
      details[key] = secretFields.has(key) || characters > mostCharacters ? `(${characters} characters)` : value
    }
    const created = result.ok ? (result.value as { id?: unknown } | null)?.id : undefined
    const resource =
      typeof given.id === 'string' ? given.id.slice(0, 100) : typeof created === 'string' ? created : null
    this.#options.audit({
      principal: context.principal.name,
      operation: name,
      resource,
      details,
      result: result.ok ? 'ok' : result.error.code,
    })
  }
}
