import { z } from './zod.ts'

/** Identifier of a stored thing: a lower-case UUID. */
export const Id = z.uuid()

/** Milliseconds since the epoch. */
export const Time = z.int().nonnegative()

export const ById = z.strictObject({ id: Id })
export const Empty = z.strictObject({})
export const Done = z.strictObject({})

/** A word the user gives: no control characters, at most 200 characters. */
export const Name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters')

export const Notes = z.string().max(20_000)
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
