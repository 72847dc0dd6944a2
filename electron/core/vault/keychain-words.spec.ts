import { expect, it } from 'vitest'
import { keychainWords } from './keychain-words.ts'

it.each([
  [
    'Platform failure: DBus error: Using X11 for dbus-daemon autolaunch was disabled at compile time',
    'No keychain service runs in this session.',
  ],
  ['No DBus session or Secret Service provider found', 'No keychain service runs in this session.'],
  ['Platform failure: Secret Service: no result found', 'The keychain has no keyring yet that could keep anything.'],
  ['Platform failure: Secret Service: unlock prompt was dismissed', 'The keychain is locked, and nobody unlocked it.'],
  ['Platform failure: Secret Service: object locked', 'The keychain is locked, and nobody unlocked it.'],
])('%s is said in plain words, and kept', (said, reason) => {
  expect(keychainWords(said)).toEqual({ reason, detail: said })
})

it('words of ours stay as they are', () => {
  expect(keychainWords('The keychain did not answer in time.')).toEqual({
    reason: 'The keychain did not answer in time.',
  })
})
