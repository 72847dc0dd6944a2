import { execFileSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ErrorCode } from '../../../contract/errors.ts'
import { KubeconfigPreview } from '../../../contract/kubeconfigs.ts'
import { FakeClock } from '../clock.testing.ts'
import { KubeconfigIntake } from '../clusters/kubeconfig-intake.ts'
import { fuzzParameters, fuzzTimeLimitMs, keepFuzzFacts, noHangMs } from '../fuzz.testing.ts'
import {
  brokenKubeconfigs,
  changedKubeconfigs,
  floods,
  plantedSecrets,
  strangeValues,
  writtenByHostiles,
} from './hostile-kubeconfigs.testing.ts'
import { nothingKnown } from './preview-environment.testing.ts'
import { previewKubeconfig } from './preview.ts'

/** What the inputs met since the last look. */
const met = { runs: 0, accepted: 0, refused: 0, worstMs: 0 }
const forgetAll = (): void => void Object.assign(met, { runs: 0, accepted: 0, refused: 0, worstMs: 0 })

/** Notes what began then, and fails when it took long. */
function count(start: number, accepted: boolean): void {
  const took = performance.now() - start
  met.runs += 1
  met[accepted ? 'accepted' : 'refused'] += 1
  met.worstMs = Math.max(met.worstMs, took)
  expect(took).toBeLessThan(noHangMs)
}

/** A machine that has the files they name, but for those of the system. */
const surroundings = { ...nothingKnown, fileExists: (path: string) => !path.startsWith('/etc/') }

function preview(bytes: Uint8Array): KubeconfigPreview {
  const start = performance.now()
  const found = previewKubeconfig({ bytes }, surroundings)
  count(start, found.verdict !== 'error')
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

afterEach(() => {
  const wasWritten = existsSync(writtenByHostiles)
  rmSync(writtenByHostiles, { force: true })
  expect(wasWritten, 'a hostile text was run').toBe(false)
})

describe('hostile kubeconfigs', () => {
  beforeEach(forgetAll)

  it.skipIf(process.platform === 'win32')('write a file if a shell reads them, so a run would be seen', () => {
    const forShells = strangeValues.filter((value) => typeof value === 'string' && value.includes('touch'))
    expect(forShells).toHaveLength(2)
    for (const text of forShells) {
      execFileSync('sh', ['-c', `${text as string} || true`], { stdio: 'ignore' })
      expect(existsSync(writtenByHostiles)).toBe(true)
      rmSync(writtenByHostiles)
    }
  })

  it(
    'of any broken kind are answered with findings',
    () => {
      const property = fc.property(brokenKubeconfigs, ({ bytes }) => {
        preview(bytes)
      })
      fc.assert(property, fuzzParameters(1000))
      keepFuzzFacts('kubeconfigs, previewed', met)
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
      keepFuzzFacts('kubeconfigs, no secret shown', met)
    },
    fuzzTimeLimitMs,
  )

  it(
    'are refused by name, or taken as they are, and no file is read for them without a yes',
    async () => {
      const property = fc.asyncProperty(brokenKubeconfigs, fc.nat(20), async ({ bytes }, which) => {
        const source = { base64: bytes.toString('base64') }
        const { intake: way, read } = intake()
        const names = (await way.preview(source)).contexts.map(({ context }) => context)
        const first = which % Math.max(1, names.length)
        const start = performance.now()
        const taken = await way.take(source, () => ({ ok: true, value: names.slice(first, first + 3) }), {})
        count(start, taken.ok)
        expect(read).toEqual([])
        if (taken.ok) {
          for (const { entry } of taken.value) expect(entry.user.exec?.command ?? null).toBeNull()
          return
        }
        expect(ErrorCode.options).toContain(taken.error.code)
        expect([taken.error.message, taken.error.next].every((words) => words.trim() !== '')).toBe(true)
      })
      await fc.assert(property, fuzzParameters(500))
      keepFuzzFacts('kubeconfigs, taken or refused, no file read', met)
    },
    fuzzTimeLimitMs,
  )
})

const size = Number(process.env['MOORING_FUZZ_BYTES'] ?? 128 * 1024)
describe(`texts of ${size} bytes that cost a reader the most`, () => {
  beforeAll(forgetAll)
  afterAll(() => keepFuzzFacts(`texts of ${size} bytes that cost a reader the most`, met))

  it.each(floods(size))('are answered without a hang: %s', (_what, text) => {
    preview(Buffer.from(text))
  })
})
