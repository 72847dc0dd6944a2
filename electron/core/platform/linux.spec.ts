import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../network/eventually.testing.ts'
import { createPlatform } from './platform.ts'

describe.runIf(process.platform === 'linux')('Linux', () => {
  const platform = createPlatform('linux')
  const children: ChildProcess[] = []
  const closers: (() => void)[] = []
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    for (const close of closers.splice(0)) close()
  })

  const listen = async (host: string): Promise<{ server: Server; port: number }> => {
    const server = createServer()
    server.listen(0, host)
    await once(server, 'listening')
    closers.push(() => server.close())
    return { server, port: (server.address() as AddressInfo).port }
  }
  /** A listener in a process of its own; answers its port. */
  const foreignListener = async (): Promise<{ pid: number; port: number }> => {
    const script = `const s = require('net').createServer((c) => c.resume()).listen(0, '127.0.0.1', () => console.log(s.address().port))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    return { pid: child.pid ?? 0, port: Number(line) }
  }

  it('names who listens at a port, also through the wildcard address', async () => {
    const { port } = await listen('127.0.0.1')
    expect(await platform.ownerOfPort('127.0.0.1', port)).toMatchObject({ pid: process.pid })
    expect(await platform.ownerOfPort('0.0.0.0', port)).toMatchObject({ pid: process.pid })
    expect(await platform.ownerOfPort('127.0.0.2', port)).toBeNull()
    const anywhere = await listen('0.0.0.0')
    expect(await platform.ownerOfPort('127.0.0.1', anywhere.port)).toMatchObject({ pid: process.pid })
    const six = await listen('::')
    expect(await platform.ownerOfPort('127.0.0.1', six.port)).toMatchObject({ pid: process.pid })
  })

  it('names another process and its program', async () => {
    const { pid, port } = await foreignListener()
    expect(await platform.ownerOfPort('127.0.0.1', port)).toEqual({
      pid,
      process: expect.stringMatching(/^node/) as string,
    })
  })

  it('tells the two ends of one connection apart', async () => {
    const { pid, port } = await foreignListener()
    const socket: Socket = connect(port, '127.0.0.1')
    closers.push(() => socket.destroy())
    await once(socket, 'connect')
    const ours = socket.localPort ?? 0
    expect(await platform.ownerOfConnection(ours, port)).toMatchObject({ pid: process.pid })
    // Nobody's until the other process has accepted it.
    await eventually(async () => expect(await platform.ownerOfConnection(port, ours)).toMatchObject({ pid }))
    expect(await platform.ownerOfConnection(port, ours, [pid])).toMatchObject({ pid })
    expect(await platform.ownerOfConnection(port, ours, [process.pid])).toMatchObject({ pid })
    expect(await platform.ownerOfConnection(port, 1)).toBeNull()
  })

  it('tells what a process uses, that it is stopped, and that it is gone', async () => {
    const { pid } = await foreignListener()
    const facts = platform.processFacts(pid)
    expect(facts?.state).toBe('running')
    expect(facts?.rssBytes).toBeGreaterThan(10_000_000)
    process.kill(pid, 'SIGSTOP')
    await eventually(() => expect(platform.processFacts(pid)?.state).toBe('stopped'))
    process.kill(pid, 'SIGKILL')
    await once(children[0]!, 'exit')
    expect(await platform.inspect(pid)).toBeNull()
    expect(platform.processState(pid)).toBe('dead')
  })

  it('tells a process that rests from one that works', async () => {
    const { pid } = await foreignListener()
    await eventually(() => expect(platform.rests(pid)).toBe(true))
    const busy = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
    children.push(busy)
    const busyPid = busy.pid ?? 0
    await eventually(() => expect(platform.rests(busyPid)).toBe(false))
    busy.kill('SIGKILL')
    await once(busy, 'exit')
    expect(platform.rests(busyPid)).toBeNull()
  })

  it('never signals everybody or itself', () => {
    expect([0, 1, -1, Number.NaN].map((pid) => platform.signalTree(pid, false))).toEqual([false, false, false, false])
  })
})
