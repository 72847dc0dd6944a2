import { expect, it } from 'vitest'
import { plainConnection, startTcpServer } from '../../../network/api-server.testing.ts'
import { probeApi } from './api-probe.ts'

it.each(['http', 'https'])('tells a way on which nobody answers (%s) from a server that is slow', async (scheme) => {
  await using silent = await startTcpServer(() => undefined)
  const answer = await probeApi(plainConnection(`${scheme}://127.0.0.1:${silent.port}`), undefined, 400)
  // Over plain HTTP somebody has taken the connection.
  const expected = scheme === 'https' ? { class: 'unreachable', detail: 'timeout' } : { class: 'timeout' }
  expect(answer).toMatchObject({ ok: false, error: expected })
})
