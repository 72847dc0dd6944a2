import fc from 'fast-check'
import { expect, it } from 'vitest'
import { partsOf } from './name-parts.ts'

it.each([
  ['shop-prod', '', 'a short name stays whole'],
  ['arn:aws:eks:eu-central-1:111122223333:cluster/shop-prod', '/shop-prod', 'the last part stays in sight'],
  ['gke_my-project_europe-west1_shop', '_shop', 'whatever divides the parts'],
  ['kubernetes-admin@shop-staging', '@shop-staging', 'of kubeadm too'],
  ['a-name-without-any-parts-that-is-long', 'that-is-long', 'without parts it is the last letters'],
  ['one/two-that-is-itself-longer-than-a-line-holds', '-a-line-holds'.slice(1), 'a long last part is cut as well'],
])('%s keeps %s: %s', (text, tail) => {
  expect(partsOf(text).tail).toBe(tail)
})

it('loses no letter', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (text) => {
      const { head, tail } = partsOf(text)
      expect(head + tail).toBe(text)
    }),
  )
})
