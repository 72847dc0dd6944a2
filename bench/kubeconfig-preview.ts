import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { largeKubeconfig } from '../electron/core/kubeconfig/kubeconfig.testing.ts'
import { nothingKnown } from '../electron/core/kubeconfig/preview-environment.testing.ts'
import { previewKubeconfig } from '../electron/core/kubeconfig/preview.ts'
import { median } from '../e2e/support/statistics.ts'
import { digits, upper, type Row } from './figures.ts'

const contexts = 200

/** Milliseconds of so many previews of the same text in this process, the first of them with nothing compiled. */
function previews(text: string, count: number): number[] {
  return Array.from({ length: count }, () => {
    const start = performance.now()
    const preview = previewKubeconfig({ text }, nothingKnown)
    const ms = performance.now() - start
    if (preview.contexts.length !== contexts || preview.error !== null) throw new Error('the preview is wrong')
    return ms
  })
}

/** Times the preview of a pasted kubeconfig: the first one of a program, which is what a person gets, and later ones. */
export async function benchKubeconfigPreview(rounds: number): Promise<Row[]> {
  const times: number[][] = []
  for (let round = 0; round < rounds; round += 1) {
    const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename])
    times.push(JSON.parse(stdout) as number[])
  }
  const first = times.map(([one = NaN]) => one)
  const later = times.flatMap(([, ...others]) => others)
  const kibibytes = Math.round(Buffer.byteLength(largeKubeconfig(contexts)) / 1024)
  const row = { against: null, unit: 'ms' as const, theirs: null }
  const { name, value } = upper(first)
  return [
    {
      ...row,
      what: `preview of ${contexts} pasted contexts (${kibibytes} KiB), the first of a program`,
      ours: first,
      figure: `median ${digits(median(first))} ms, ${name} ${digits(value)} ms`,
      goal: 'median under 50 ms',
      met: median(first) < 50,
      samples: { ours: times, theirs: null },
    },
    {
      ...row,
      what: 'the same, once the code is compiled',
      ours: later,
      taken: `${later.length} previews`,
      figure: `median ${digits(median(later))} ms`,
      goal: '-',
      met: null,
    },
  ]
}

// A process of its own for each round.
if (import.meta.main) process.stdout.write(JSON.stringify(previews(largeKubeconfig(contexts), 10)))
