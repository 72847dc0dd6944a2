const short = 20
const longestTail = 28

/** Where a long name may lose letters: after the head; the tail is its last part, or its last letters. */
export function partsOf(text: string): { head: string; tail: string } {
  if (text.length <= short) return { head: text, tail: '' }
  const part = Math.max(...['/', ':', '_', '@'].map((mark) => text.lastIndexOf(mark)))
  const length = text.length - part
  const at = part > 0 && length > 1 && length <= longestTail ? part : text.length - 12
  return { head: text.slice(0, at), tail: text.slice(at) }
}
