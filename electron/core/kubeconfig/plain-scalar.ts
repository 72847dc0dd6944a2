export type ScalarType = 'string' | 'number' | 'boolean' | 'null'

/** Words that kubectl's YAML reader (go-yaml v2, YAML 1.1) takes for booleans. */
const booleans = /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|true|True|TRUE|false|False|FALSE)$/
const numbers =
  /^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$/

/** What kubectl takes an unquoted YAML scalar for: `1.10` is a number there, `no` a boolean. */
export function typeOfPlainScalar(text: string): ScalarType {
  if (text === '' || text === '~' || text === 'null' || text === 'Null' || text === 'NULL') return 'null'
  // Nearly every value is longer than any boolean or begins like no number: decided without a look at the rest.
  if (text.length > 64) return 'string'
  if (booleans.test(text)) return 'boolean'
  const first = text.charCodeAt(0)
  const mayBeNumber = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46
  return mayBeNumber && numbers.test(text) ? 'number' : 'string'
}
