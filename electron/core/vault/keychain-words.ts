/** What the library says of a Secret Service, and what that means to somebody who never heard of one. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [/object locked|prompt (was )?dismissed|before prompt completed/i, 'The keychain is locked, and nobody unlocked it.'],
  [/no result found/i, 'The keychain has no keyring yet that could keep anything.'],
  [/d-?bus|secret service provider/i, 'No keychain service runs in this session.'],
]

/** Why the keychain cannot be used; `detail` holds the system's own words where ours stand in their place. */
export function keychainWords(said: string): { reason: string; detail?: string } {
  const reason = meanings.find(([pattern]) => pattern.test(said))?.[1]
  return reason === undefined ? { reason: said } : { reason, detail: said }
}
