import { attachTestbed, readDescription, startTestbed, type Testbed } from '../e2e/testbed/testbed.ts'
import { benchDataPlane } from './data-plane.ts'
import { benchKubeconfigPreview } from './kubeconfig-preview.ts'

/**
 * Times what users wait for. `MOORING_TESTBED_JSON` names a running test bed; without it one is started.
 * Ratios are ours to kubectl's: above 1 is better for MiB/s, below 1 for ms.
 */
async function testbed(): Promise<Testbed> {
  const running = process.env['MOORING_TESTBED_JSON']
  if (running !== undefined && running !== '') return attachTestbed(await readDescription(running))
  return startTestbed({ images: [] })
}

const preview = benchKubeconfigPreview()
console.log(
  `preview of ${preview.contexts} contexts (${Math.round(preview.bytes / 1024)} KiB): ` +
    `first ${preview.firstMs.toFixed(1)} ms, median ${preview.medianMs.toFixed(1)} ms, best ${preview.bestMs.toFixed(1)} ms`,
)

await using bed = await testbed()
if (bed.containers) {
  for (const { what, unit, kubectl, ours, ratio } of await benchDataPlane(bed)) {
    const figures = [kubectl, ours].map((value) => value.toFixed(unit === 'ms' ? 2 : 0))
    console.log(
      `${what}: kubectl ${figures[0] ?? ''} ${unit}, ours ${figures[1] ?? ''} ${unit}, ratio ${ratio.toFixed(2)}`,
    )
  }
} else console.log('did not run: the data plane, because without root the test bed has no containers')
