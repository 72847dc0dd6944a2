/** Labels as lines of `name=value`. */
export const labelsToText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')

/** Reads lines of `name=value`; says which line is not one. */
export function labelsFromText(
  text: string,
): { ok: true; value: Record<string, string> } | { ok: false; error: string } {
  const labels: Record<string, string> = {}
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '') continue
    const at = line.indexOf('=')
    const name = at === -1 ? '' : line.slice(0, at).trim()
    if (name === '' || name.length > 63) return { ok: false, error: `Write line ${index + 1} as name=value.` }
    labels[name] = line.slice(at + 1).trim()
  }
  return { ok: true, value: labels }
}
