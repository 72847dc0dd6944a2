import { expect, it } from 'vitest'
import { largeKubeconfig } from './kubeconfig.testing.ts'
import { nothingKnown } from './preview-environment.testing.ts'
import { previewKubeconfig } from './preview.ts'

it('previews 200 contexts in 50 ms, five times as long on a busy machine', () => {
  const text = largeKubeconfig(200)
  const times = Array.from({ length: 9 }, () => {
    const began = performance.now()
    expect(previewKubeconfig({ text }, nothingKnown).contexts).toHaveLength(200)
    return performance.now() - began
  })
  // The first ones run before anything is compiled.
  const [median = Infinity] = times.sort((one, other) => one - other).slice(4)
  expect(median).toBeLessThan(250)
})
