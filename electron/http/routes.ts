import { pathParameters } from '../../contract/operation.ts'
import { type OperationName, operationNames, operations } from '../../contract/operations.ts'

type Route = { name: OperationName; method: string; pattern: RegExp; parameters: string[]; literal: boolean }

const routes: readonly Route[] = operationNames
  .map((name) => {
    const { method, path } = operations[name]
    const parameters = pathParameters(path)
    const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '([^/]+)')}$`)
    return { name, method, pattern, parameters, literal: parameters.length === 0 }
  })
  // `/clusters/active` before `/clusters/{id}`.
  .sort((a, b) => Number(b.literal) - Number(a.literal))

export type RouteMatch =
  | { kind: 'found'; name: OperationName; parameters: Record<string, string> }
  | { kind: 'other-method'; allowed: string[] }
  | { kind: 'none' }

/** Finds the operation of a method and a path below `/api/v1`. */
export function matchRoute(method: string, path: string): RouteMatch {
  const matches = routes.flatMap((route) => {
    const match = route.pattern.exec(path)
    return match === null ? [] : [{ route, match }]
  })
  const literal = matches.some(({ route }) => route.literal)
  const candidates = matches.filter(({ route }) => route.literal === literal)
  const found = candidates.find(({ route }) => route.method === method)
  if (found === undefined)
    return candidates.length === 0
      ? { kind: 'none' }
      : { kind: 'other-method', allowed: candidates.map(({ route }) => route.method) }
  try {
    const parameters = Object.fromEntries(
      found.route.parameters.map((name, index) => [name, decodeURIComponent(found.match[index + 1] ?? '')]),
    )
    return { kind: 'found', name: found.route.name, parameters }
  } catch {
    return { kind: 'none' }
  }
}
