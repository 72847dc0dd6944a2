import { expect, it } from 'vitest'
import { type ScalarType, typeOfPlainScalar } from './plain-scalar.ts'

/** As `kubectl config get-contexts` of version 1.36 took each word as the name of a context. */
const asKubectl: Record<ScalarType, string> = {
  boolean: 'y Y n yes no on off true True TRUE',
  number:
    '0o14 014 08 007 0x1F -0x1F 0b11 -0b1 1_000 1__0 1_ 0_1 1e3 12E+03 1e-3 .5 +.5 1. 1.e3 0.1e3 +1 -1 .inf -.Inf .nan 685_230.15 685.230_15e+03 9007199254740993 99999999999999999999',
  null: '~ null Null NULL',
  string: 'tRUE 0o8 0x 0xZ _1 e3 1:30 190:20:30 1.5.2 2024-01-01 2024-01-01T00:00:00Z = Y_ yess 10.0.0.1',
}

it.each(Object.entries(asKubectl))('takes for %s what kubectl takes for it', (type, words) => {
  for (const word of words.split(' ')) expect([word, typeOfPlainScalar(word)]).toEqual([word, type])
})
