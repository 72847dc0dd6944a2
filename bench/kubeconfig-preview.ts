import { largeKubeconfig } from '../electron/core/kubeconfig/kubeconfig.testing.ts'
import { nothingKnown } from '../electron/core/kubeconfig/preview-environment.testing.ts'
import { previewKubeconfig } from '../electron/core/kubeconfig/preview.ts'
import { median } from '../e2e/support/statistics.ts'
import { type Row } from './figures.ts'

/** Times the preview of a pasted kubeconfig. */
export function benchKubeconfigPreview({ contexts = 200, runs = 30 } = {}): Row[] {
  const text = largeKubeconfig(contexts)
  const times = Array.from({ length: runs + 1 }, () => {
    const start = performance.now()
    const preview = previewKubeconfig({ text }, nothingKnown)
    const ms = performance.now() - start
    if (preview.contexts.length !== contexts || preview.error !== null) throw new Error('the preview is wrong')
    return ms
  })
  // The first one runs before anything is compiled.
  const [first = 0, ...later] = times
  const kibibytes = Math.round(Buffer.byteLength(text) / 1024)
  return [
    {
      what: `preview of ${contexts} pasted contexts (${kibibytes} KiB)`,
      against: null,
      unit: 'ms',
      ours: later,
      theirs: null,
      figure: `median ${median(later).toFixed(1)} ms, first ${first.toFixed(1)} ms`,
      goal: 'under 50 ms',
      met: median(later) < 50,
    },
  ]
}
