import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ErrorCode } from '../../../contract/errors.ts'
import { KubeconfigPreview } from '../../../contract/kubeconfigs.ts'
import { FakeClock } from '../clock.testing.ts'
import { KubeconfigIntake } from '../clusters/kubeconfig-intake.ts'
import { fuzzParameters, fuzzTimeLimitMs, noHangMs } from '../fuzz.testing.ts'
import { brokenKubeconfigs, changedKubeconfigs, floods, plantedSecrets } from './hostile-kubeconfigs.testing.ts'
import { nothingKnown } from './preview-environment.testing.ts'
import { previewKubeconfig } from './preview.ts'

let slowest = 0

/** Does it, and fails when it takes long. */
function timed<T>(act: () => T): T {
  const start = performance.now()
  const result = act()
  const took = performance.now() - start
  slowest = Math.max(slowest, took)
  expect(took).toBeLessThan(noHangMs)
  return result
}

function preview(bytes: Uint8Array): KubeconfigPreview {
  const found = timed(() => previewKubeconfig({ bytes }, nothingKnown))
  expect(KubeconfigPreview.safeParse(found).error).toBeUndefined()
  expect(found.error === null).toBe(found.verdict !== 'error')
  for (const finding of [...found.problems, ...found.contexts.flatMap((context) => context.risks)])
    expect([finding.message, finding.next].every((words) => words.trim() !== '')).toBe(true)
  return found
}

/** A way in that has no files, and takes notice of every look at one. */
function intake(): { intake: KubeconfigIntake; read: string[] } {
  const read: string[] = []
  return {
    read,
    intake: new KubeconfigIntake({
      fileSystem: {
        isFile: () => false,
        readFile: (path) => {
          read.push(path)
          return { ok: false, error: 'ENOENT' }
        },
        watchFolder: () => () => undefined,
      },
      environment: () => Promise.resolve({ PATH: '/usr/bin' }),
      isAllowed: () => false,
      storedClusters: () => [],
      clock: new FakeClock(),
    }),
  }
}

describe('hostile kubeconfigs', () => {
  it(
    'of any broken kind are answered with findings',
    () => {
      const parameters = fuzzParameters(1000)
      slowest = 0
      const property = fc.property(brokenKubeconfigs, ({ bytes }) => {
        preview(bytes)
      })
      fc.assert(property, parameters)
      console.log(`slowest of ${parameters.numRuns}: ${Math.round(slowest)} ms`)
    },
    fuzzTimeLimitMs,
  )

  it(
    'never show a secret that stands where secrets stand',
    () => {
      const property = fc.property(changedKubeconfigs, ({ bytes }) => {
        const shown = JSON.stringify(preview(bytes))
        for (const [name, secret] of Object.entries(plantedSecrets))
          expect(shown.includes(secret), `${name} is shown`).toBe(false)
      })
      fc.assert(property, fuzzParameters(500))
    },
    fuzzTimeLimitMs,
  )

  it(
    'are refused by name, or taken as they are, and no file is read for them without a yes',
    async () => {
      const property = fc.asyncProperty(brokenKubeconfigs, async ({ bytes }) => {
        const source = { base64: bytes.toString('base64') }
        const { intake: way, read } = intake()
        const names = (await way.preview(source)).contexts.map(({ context }) => context)
        const taken = await way.take(source, () => ({ ok: true, value: names.slice(0, 3) }), {})
        expect(read).toEqual([])
        if (taken.ok) {
          for (const { entry } of taken.value) expect(entry.user.exec?.command ?? null).toBeNull()
          return
        }
        expect(ErrorCode.options).toContain(taken.error.code)
        expect([taken.error.message, taken.error.next].every((words) => words.trim() !== '')).toBe(true)
      })
      await fc.assert(property, fuzzParameters(500))
    },
    fuzzTimeLimitMs,
  )

  const size = Number(process.env['MOORING_FUZZ_BYTES'] ?? 128 * 1024)
  it.each(floods(size))(`of ${size} bytes of %s are answered without a hang`, (_what, text) => {
    preview(Buffer.from(text))
  })
})
