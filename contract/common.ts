import { z } from './zod.ts'

/** Identifier of a stored thing: a lower-case UUID. */
export const Id = z.uuid()

/** Milliseconds since the epoch. */
export const Time = z.int().nonnegative()

/** The input of operations about one stored thing. */
export const ById = z.strictObject({ id: Id })
/** The input of operations that need none. */
export const Empty = z.strictObject({})
/** The value of operations that answer nothing but that it is done. */
export const Done = z.strictObject({})

/** A word the user gives: no control characters, at most 200 characters. */
export const Name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters')

/** Free text of the user about a thing. */
export const Notes = z.string().max(20_000)
/** The user's own labels, as Kubernetes has them: short keys, values of up to 253 characters. */
export const Labels = z.record(z.string().min(1).max(63), z.string().max(253))

/** A name of a Kubernetes object: RFC 1123 subdomain, as the API server accepts it. */
export const ObjectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a Kubernetes name: lower-case letters, digits, - and .')
export const NamespaceName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a namespace name: lower-case letters, digits and -')

/** A number in a query, from 1 to `most`; `usual` when it is not given. */
export const numberInQuery = (most: number, usual: number) => z.coerce.number().int().min(1).max(most).default(usual)
