import type { LabelSelector } from './kubernetes-objects.ts'

/** A selector as text, as lists take it (`app=web,tier in (a,b)`); null when it selects nothing. */
export function selectorText(selector: LabelSelector | undefined): string | null {
  const equal = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  const expressions = (selector?.matchExpressions ?? []).flatMap(({ key, operator, values = [] }) => {
    if (key === undefined) return []
    switch (operator) {
      case 'In':
        return [`${key} in (${values.join(',')})`]
      case 'NotIn':
        return [`${key} notin (${values.join(',')})`]
      case 'Exists':
        return [key]
      case 'DoesNotExist':
        return [`!${key}`]
      default:
        return []
    }
  })
  const parts = [...equal, ...expressions]
  return parts.length === 0 ? null : parts.join(',')
}
