import { kindOfWord, type Target } from '../../../../contract/forwards.ts'

/**
 * Reads what somebody typed as a target, `svc/checkout` with any of kubectl's words for the kind, or a label selector
 * (`app=web`, `tier in (a, b)`). Null: it does not say what kind of thing it is.
 */
export function targetFromText(text: string): Target | null {
  const trimmed = text.trim()
  const slash = /^([a-z]+)\/([a-z0-9][-a-z0-9.]*)$/i.exec(trimmed)
  const kind = kindOfWord(slash?.[1]?.toLowerCase() ?? '')
  if (kind !== null && slash?.[2] !== undefined) return { kind, name: slash[2].toLowerCase() }
  if (/=|\s(in|notin)\s*\(/.test(trimmed)) return { kind: 'selector', selector: trimmed }
  return null
}
