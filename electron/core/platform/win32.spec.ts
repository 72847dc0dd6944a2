import { describe, expect, it } from 'vitest'
import { createWindowsPlatform } from './win32.ts'

const netstatEnglish = `
Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       1184
  TCP    127.0.0.1:8080         0.0.0.0:0              LISTENING       23416
  TCP    127.0.0.1:45563        127.0.0.1:50000        ESTABLISHED     9144
  TCP    127.0.0.1:50000        127.0.0.1:45563        ESTABLISHED     7777
  TCP    127.0.0.1:50001        127.0.0.1:8080         TIME_WAIT       0
`
const netstatGerman = `
Aktive Verbindungen

  Proto  Lokale Adresse         Remoteadresse          Status           PID
  TCP    127.0.0.1:8080         0.0.0.0:0              ABHÖREN         23416
`
const netstatSix = `
  Proto  Local Address          Foreign Address        State           PID
  TCP    [::]:3000              [::]:0                 LISTENING       5120
  TCP    [fe80::1%4]:139        [::]:0                 LISTENING       4
`

const recorded = (four: string) => {
  const calls: string[] = []
  const run = (path: string, args: readonly string[]): Promise<string> => {
    calls.push(`${path} ${args.join(' ')}`)
    const name = path.slice(path.lastIndexOf('\\') + 1)
    if (name === 'netstat.exe') return Promise.resolve((args[2] === 'TCP' ? four : netstatSix).replaceAll('\n', '\r\n'))
    if (name === 'tasklist.exe') {
      const pid = /PID eq (\d+)/.exec(args[1] ?? '')?.[1] ?? ''
      if (pid === '5120') return Promise.resolve('INFO: No tasks are running which match the specified criteria.\r\n')
      return Promise.resolve(`"kubectl.exe","${pid}","Console","1","48,320 K"\r\n`)
    }
    if (name === 'powershell.exe') {
      return Promise.resolve('{"started":134081819400000000,"cpu":12500000,"memory":49479680}\r\n')
    }
    return Promise.resolve('')
  }
  return { platform: createWindowsPlatform(run, 'D:\\Win'), calls }
}

describe('Windows', () => {
  it('names who listens at a port, whatever language netstat speaks', async () => {
    for (const text of [netstatEnglish, netstatGerman]) {
      const { platform } = recorded(text)
      expect(await platform.ownerOfPort('127.0.0.1', 8080)).toEqual({ pid: 23416, process: 'kubectl.exe' })
    }
    const { platform } = recorded(netstatEnglish)
    expect(await platform.ownerOfPort('127.0.0.1', 135)).toMatchObject({ pid: 1184 })
    expect(await platform.ownerOfPort('127.0.0.1', 3000)).toEqual({ pid: 5120, process: 'process 5120' })
    expect(await platform.ownerOfPort('127.0.0.1', 50001)).toBeNull()
  })

  it('tells the two ends of a connection apart', async () => {
    const { platform } = recorded(netstatEnglish)
    expect(await platform.ownerOfConnection(45563, 50000)).toMatchObject({ pid: 9144 })
    expect(await platform.ownerOfConnection(50000, 45563)).toMatchObject({ pid: 7777 })
  })

  it('reads facts from PowerShell', async () => {
    const { platform } = recorded(netstatEnglish)
    expect(await platform.inspect(9144)).toEqual({
      startTime: '134081819400000000',
      state: 'running',
      cpuMs: 1250,
      rssBytes: 49_479_680,
    })
  })

  it('ends a child’s tree by the full path of taskkill', () => {
    const { platform, calls } = recorded(netstatEnglish)
    platform.signalTree(9144, false)
    expect(calls).toEqual(['D:\\Win\\System32\\taskkill.exe /PID 9144 /T /F'])
  })

  it('takes no process of an earlier run for ours', async () => {
    expect(await recorded('').platform.findTokenHolders(new Set(['aa']))).toEqual([])
  })
})
