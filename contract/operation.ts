import type { z } from './zod.ts'
import type { Permission } from './permissions.ts'

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * One thing a caller can ask for, declared once. From it come the IPC handler, the REST route, the typed client,
 * the OpenAPI document and the permission test.
 *
 * `path` is below `/api/v1`; `{name}` segments are fields of the input. The other fields travel in the query
 * (GET, DELETE; so their schemas must read strings) or in the JSON body.
 */
export type Operation<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> = {
  readonly method: HttpMethod
  readonly path: string
  readonly permission: Permission
  readonly summary: string
  readonly input: Input
  readonly output: Output
  /** True when it changes something: then it is written to the audit log. */
  readonly changes: boolean
  /** Largest accepted body in bytes; 64 KiB unless said. */
  readonly maxBytes?: number
}

/** Declares an operation; keeps the exact types of its input and output. */
export const operation = <Input extends z.ZodType, Output extends z.ZodType>(
  declaration: Operation<Input, Output>,
): Operation<Input, Output> => declaration

/** The `{name}` segments of an operation's path. */
export const pathParameters = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
