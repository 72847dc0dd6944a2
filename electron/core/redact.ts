const mask = '•••'

/**
 * Rules that find secrets in free text: bearer tokens, JWTs, PEM keys, userinfo in addresses, options of commands, fields
 * of kubeconfigs. The text may be hostile: each rule begins where a word begins and looks at each letter a bounded number
 * of times.
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
  [
    /("?\b(?:token|password|passphrase|secret|client-key-data|id-token|refresh-token|access-token|clientKeyData|client-secret)"?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,}]+)/gi,
    `$1${mask}`,
  ],
]

/** Masks what looks like a secret in a line that is about to be logged, shown or copied. */
export function redact(text: string): string {
  return rules.reduce((current, [pattern, replacement]) => current.replace(pattern, replacement), text)
}
