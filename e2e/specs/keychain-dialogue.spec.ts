import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startDisplay } from '../desktop/display.ts'
import { expectError, expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { DesktopSession, missingForDialogues } from '../support/secret-service.ts'

let session: DesktopSession
let display: Awaited<ReturnType<typeof startDisplay>> | null = null
let dataDir: string
const hosts: RunningHost[] = []

beforeEach(async (context) => {
  const missing = missingForDialogues()
  if (missing.length > 0) context.skip(`the keychain's dialogue could not be tried: ${missing.join(', ')} missing`)
  session = new DesktopSession()
  dataDir = mkdtempSync(join(tmpdir(), 'mooring-dialogue-'))
  display = await startDisplay()
})
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.kill()
  await session.close()
  await display?.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(): Promise<RunningHost> {
  const host = await startHost({ dataDir, vault: 'keychain', environment: session.environment })
  hosts.push(host)
  return host
}

describe('a keychain that shows a dialogue nobody answers', () => {
  it('holds up neither the start, nor anything else, nor the end', async () => {
    await session.startBus()
    await session.startKeyring('x')
    const first = await start()
    await first.close()
    await session.stopKeyring()
    await session.startKeyring(null)
    await session.showDialogues(display!.name)

    const begin = performance.now()
    const second = await start()
    expect(performance.now() - begin).toBeLessThan(15_000)
    const status = await expectOk(second.client.vault.status())
    expect(status.state).toBe('locked')
    // Twice more than there are threads for files and names in Node.
    const unlocking = Array.from({ length: 8 }, () => second.client.vault.unlock({}))
    expect((await expectOk(second.client.diagnostics.get({}))).checks.length).toBeGreaterThan(3)
    expect((await expectError(second.client.commands.allow({ command: 'x', args: [] }))).code).toBe('vault-locked')
    expect(await (await fetch(second.url)).text()).toContain('<html')

    const end = performance.now()
    await second.close()
    expect(await second.exited).toEqual({ code: 0, signal: null })
    expect(performance.now() - end).toBeLessThan(10_000)
    await Promise.allSettled(unlocking)
  })
})
