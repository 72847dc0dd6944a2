import type { LabelSelector } from './kubernetes-objects.ts'

/**
 * A selector as text, as lists take it (`app=web,tier in (a,b)`); null when it selects nothing, and when a part of it is
 * not understood: without that part it would select more.
 */
export function selectorText(selector: LabelSelector | undefined): string | null {
  const equal = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  const expressions = (selector?.matchExpressions ?? []).map(expressionText)
  const parts = [...equal, ...expressions]
  return parts.length === 0 || parts.includes(null) ? null : parts.join(',')
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

function expressionText({ key, operator, values = [] }: Expression): string | null {
  if (key === undefined) return null
  switch (operator) {
    case 'In':
      return `${key} in (${values.join(',')})`
    case 'NotIn':
      return `${key} notin (${values.join(',')})`
    case 'Exists':
      return key
    case 'DoesNotExist':
      return `!${key}`
    default:
      return null
  }
}
