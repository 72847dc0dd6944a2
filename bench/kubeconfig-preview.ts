import { largeKubeconfig } from '../electron/core/kubeconfig/kubeconfig.testing.ts'
import { nothingKnown } from '../electron/core/kubeconfig/preview-environment.testing.ts'
import { previewKubeconfig } from '../electron/core/kubeconfig/preview.ts'

export type PreviewBench = {
  contexts: number
  bytes: number
  /** Of the first preview in this process, when nothing is compiled yet, ms. */
  firstMs: number
  /** Of the later ones, ms. */
  medianMs: number
  bestMs: number
}

/** Times the preview of a pasted kubeconfig; 200 contexts are to take less than 50 ms. */
export function benchKubeconfigPreview({ contexts = 200, runs = 30 } = {}): PreviewBench {
  const text = largeKubeconfig(contexts)
  const times = Array.from({ length: runs + 1 }, () => {
    const start = performance.now()
    const preview = previewKubeconfig({ text }, nothingKnown)
    const ms = performance.now() - start
    if (preview.contexts.length !== contexts || preview.error !== null) throw new Error('the preview is wrong')
    return ms
  })
  const [firstMs = 0, ...later] = times
  later.sort((a, b) => a - b)
  const median = later[Math.floor(later.length / 2)] ?? 0
  return { contexts, bytes: Buffer.byteLength(text), firstMs, medianMs: median, bestMs: later[0] ?? 0 }
}
