import type { Result } from '../../../contract/errors.ts'
import type { OperationName, OperationOutput, OperationRequest } from '../../../contract/operations.ts'
import type { Principal } from '../../../contract/permissions.ts'

/** Who calls, and whether the caller still wants the answer. */
export type CallContext = { readonly principal: Principal; readonly signal: AbortSignal }

type Answer<T> = Result<T> | Promise<Result<T>>

/** Does one operation; its input is parsed and the caller allowed. Failures a user can meet are values. */
export type Handler<Name extends OperationName> = (
  request: OperationRequest<Name>,
  context: CallContext,
) => Answer<OperationOutput<Name>>

/** A handler for every operation. */
export type Handlers = { readonly [Name in OperationName]: Handler<Name> }

/** The handlers one part of the core brings: `handlersOf<'vault.status' | 'vault.lock'>`. */
export type HandlersOf<Names extends OperationName> = Pick<Handlers, Names>
