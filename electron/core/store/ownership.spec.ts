import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FakeClock } from '../clock.testing.ts'
import { temporaryFolder } from '../temporary-folder.testing.ts'
import { readOwner, removeOwner, writeOwner } from './owner-file.ts'
import { acquireOwnership } from './ownership.ts'

/** Another process that tries to own the folder; answers what it says. */
async function otherOwner(dir: string): Promise<{ child: ChildProcess; said: string; kill: () => Promise<void> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'owner.testing.ts'), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  onTestFinished(kill)
  const [data] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, said: data.toString().trim(), kill }
}

const replace = (path: string): void => {
  renameSync(path, `${path}.old`)
  writeFileSync(path, '')
}

const me = { pid: 1, shell: 'desktop', version: '1.0.0', socketPath: '/x', url: null, startedAt: 1 } as const

describe('the ownership of a data folder', () => {
  it('is refused to a second process, which is told who has it', async () => {
    const dir = temporaryFolder()
    const { child, said } = await otherOwner(dir)
    expect(said).toBe('taken')
    const refused = acquireOwnership(dir)
    expect(refused).toMatchObject({ error: { code: 'data-folder-owned', details: { pid: child.pid, shell: 'host' } } })
    if (!refused.ok) expect(refused.error.message).toContain(`Mooring 9.9.9 (host, pid ${child.pid})`)
  })

  it('is free at once when its owner was killed, ten times over', async () => {
    const dir = temporaryFolder()
    for (let round = 0; round < 10; round++) {
      const { said, kill } = await otherOwner(dir)
      expect(said).toBe('taken')
      await kill()
      const taken = acquireOwnership(dir)
      expect(taken.ok).toBe(true)
      if (taken.ok) taken.value.release()
    }
  })

  it('is kept from other processes until it is released', async () => {
    const dir = temporaryFolder()
    const taken = acquireOwnership(dir)
    const first = await otherOwner(dir)
    expect(first.said).toBe('data-folder-owned')
    await first.kill()
    if (taken.ok) taken.value.release()
    expect((await otherOwner(dir)).said).toBe('taken')
  })

  it.each([
    ['removed', rmSync],
    ['replaced', replace],
  ])('is lost when the lock is %s, and that is told once, also to who asks late', (_words, spoil) => {
    const dir = temporaryFolder()
    const clock = new FakeClock()
    const taken = acquireOwnership(dir, clock)
    if (!taken.ok) throw new Error(taken.error.message)
    onTestFinished(() => taken.value.release())
    let lost = 0
    clock.advance(60_000)
    spoil(join(dir, 'lock.db'))
    clock.advance(5000)
    taken.value.onLost(() => (lost += 1))
    clock.advance(60_000)
    expect(lost).toBe(1)
  })

  it('is never taken through a link or with a lock that is something else', () => {
    const linked = temporaryFolder()
    symlinkSync(join(linked, 'elsewhere'), join(linked, 'lock.db'))
    expect(acquireOwnership(linked)).toMatchObject({ error: { code: 'data-folder-unsafe' } })
    expect(existsSync(join(linked, 'elsewhere'))).toBe(false)
    const spoiled = temporaryFolder()
    writeFileSync(join(spoiled, 'lock.db'), 'x'.repeat(4096))
    expect(acquireOwnership(spoiled)).toMatchObject({ error: { code: 'data-folder-unsafe' } })
  })
})

describe('what the owner writes about itself', () => {
  it('is read again, and gone when it is removed', () => {
    const dir = temporaryFolder()
    expect(readOwner(dir)).toBeNull()
    writeOwner(dir, me)
    expect(readOwner(dir)).toEqual(me)
    removeOwner(dir)
    removeOwner(dir)
    expect(readOwner(dir)).toBeNull()
  })

  it('counts as nothing when it is not what an owner writes', () => {
    const dir = temporaryFolder()
    for (const text of ['', '{', '[]', '{"pid":"x"}']) {
      writeFileSync(join(dir, 'owner.json'), text)
      expect(readOwner(dir)).toBeNull()
    }
  })
})
