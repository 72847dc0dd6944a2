import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type HostOptions } from '../support/host.ts'
import { descendantsOf, stillAlive, type ProcessRef } from '../support/leftovers.ts'
import { waitUntil } from '../support/wait-until.ts'

let home: string
/** As a desktop starts it: without a terminal, so that the login shell is asked. */
let options: HostOptions

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'mooring-home-'))
  options = {
    dataDir: join(home, 'data'),
    through: ['env', '-u', 'TERM', `HOME=${home}`, 'SHELL=/bin/bash'],
  }
})
afterAll(() => rm(home, { recursive: true, force: true }))

const profile = (text: string): Promise<void> => writeFile(join(home, '.bash_profile'), text)

it('leaves nothing of a profile that hangs when the owner is killed meanwhile and started again', async () => {
  await profile('sleep 4242')
  const hanging = await startHost(options)
  const shell: ProcessRef[] = await waitUntil('the profile', 5, async () => {
    const below = await descendantsOf(hanging.pid)
    const ours = below.filter(({ command }) => command.includes('/bin/bash') || command === 'sleep 4242')
    return ours.length === 2 ? ours : null
  })
  await hanging.kill()
  // The shell dies with us; what the profile had started does not know of us.
  await waitUntil('the end of the shell', 5, async () => (await stillAlive(shell)).length === 1)
  await profile('export FROM_PROFILE=1')
  await using again = await startHost(options)
  expect(await stillAlive(shell)).toEqual([])
  // The profile of today is read as if nothing had been.
  await waitUntil('the environment', 20, async () => {
    const { environment } = await expectOk(again.client.diagnostics.get())
    return environment.status === 'read' && environment.names.includes('FROM_PROFILE')
  })
})
