const mask = '•••'

/**
 * Rules that find secrets in free text: bearer tokens, JWTs, PEM keys, userinfo in addresses, options of commands,
 * variables, fields of kubeconfigs. The text may be hostile: each rule begins where a word begins and looks at each
 * letter a bounded number of times.
 */
const rules: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, mask],
  [/(?<![\w-])(?=[\w-]+\.[\w-]{4})[\w-]*eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g, mask],
  [/\b(bearer|basic)\s+[\w+/=.~-]{8,}/gi, `$1 ${mask}`],
  [/(?<![\w+.-])([\w+.-]+:\/\/)[^\s/@:]*:[^\s/@]*@/gi, `$1${mask}@`],
  [
    /(^|\s)(--?[\w-]{0,64}?(?:token|password|passphrase|secret)[\w-]{0,64}[= ]\s*)("[^"]*"|'[^']*'|[^\s-]\S*)/gi,
    `$1$2${mask}`,
  ],
  // A shell that tells what it does (`set -x`): + export AWS_SECRET_ACCESS_KEY=...
  [/(?<!\w)(\w{0,64}?(?:token|password|passphrase|secret)\w{0,64}=)("[^"]*"|'[^']*'|[^\s,}"']+)/gi, `$1${mask}`],
  // Keys come line by line, of 64 characters in PEM (RFC 7468, section 2): base64 that fills a line is masked.
  [/^[\w+/]{60,}={0,2}$/gm, mask],
  [
    /("?\b(?:token|password|passphrase|secret|client-key-data|id-token|refresh-token|access-token|clientKeyData|client-secret)"?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,}]+)/gi,
    `$1${mask}`,
  ],
]

/** Masks what looks like a secret in a line that is about to be logged, shown or copied. */
export function redact(text: string): string {
  return rules.reduce((current, [pattern, replacement]) => current.replace(pattern, replacement), text)
}

/** Shorter values are words that stand everywhere, not secrets. */
const shortestValue = 6

/** Masks these values wherever they stand in a text: for what is known to be secret, whatever it looks like. */
export function withoutValues(text: string, values: readonly string[]): string {
  return values
    .filter((value) => value.length >= shortestValue)
    .toSorted((one, other) => other.length - one.length)
    .reduce((current, value) => current.replaceAll(value, mask), text)
}
