import { describe, expect, it } from 'vitest'
import { appError, fail, ok, type Result } from '../../contract/errors.ts'
import { PageCalls } from './page-calls.ts'

const cancelled = fail(appError('cancelled', 'It was cancelled.', 'Ask again.'))

/** Calls that end when they are given up, or answered by hand. */
function endless() {
  const answers: ((result: Result<unknown>) => void)[] = []
  const calls = new PageCalls({
    call: (_name, _input, signal) =>
      new Promise((resolve) => {
        answers.push(resolve)
        signal?.addEventListener('abort', () => resolve(cancelled))
      }),
  })
  return { calls, answers }
}

describe('the calls of a page', () => {
  it('can be given up, each by its number', async () => {
    const { calls, answers } = endless()
    const [first, second] = [calls.call('clusters.test', {}, 1), calls.call('clusters.test', {}, 2)]
    calls.cancel(1)
    expect(await first).toBe(cancelled)
    answers[1]?.(ok('done'))
    expect(await second).toEqual(ok('done'))
    calls.cancel(2) // too late, and no harm
    calls.cancel('2')
  })

  it('end with the page', async () => {
    const { calls } = endless()
    const answer = calls.call('clusters.test', {}, 1)
    calls.end()
    expect(await answer).toBe(cancelled)
  })

  it('cannot take each other’s number', async () => {
    const { calls, answers } = endless()
    const [first, second] = [calls.call('clusters.test', {}, 1), calls.call('clusters.test', {}, 1)]
    calls.cancel(1)
    expect(await first).toBe(cancelled)
    answers[1]?.(ok('done'))
    expect(await second).toEqual(ok('done'))
  })
})
