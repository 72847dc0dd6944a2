import { expect, it } from 'vitest'
import { isGone, parseTcpEnds, printedEnd } from './client-presence.ts'

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1061 1 00000000bcdc4705 100 0 0 10 0
   1: 0100007F:A3D1 0100007F:1F90 08 00000000:00000012 00:00000000 00000000  1000        0 52274 1 0000000034dda897 20 4 30 10 -1
   2: 0100007F:1F90 0100007F:A3D1 05 00000000:00000000 03:00001234 00000000     0        0 0 3 0000000034dda898
   3: 0100007F:1F90 0100007F:A3D2 06 00000000:00000000 03:00001234 00000000     0        0 0 3 0000000034dda899
12345: 0100007F:1F90 0100007F:A3D3 01 00000000:00000000 00:00000000 00000000     0        0 777 1 0000000034dda899 20 4 30 10 -1
`
const table6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:2222 0000000000000000FFFF00000100007F:3333 01 00000000:00000000 00:00000000 00000000     0        0 999 1 0000000012345678 20 0 0 10 -1
   1: 00000000000000000000000001000000:2222 00000000000000000000000001000000:4444 01 00000000:00000000 00:00000000 00000000     0        0 998 1 0000000012345678 20 0 0 10 -1
`

it('reads both ends of connections from the tables of Linux', () => {
  const ends = parseTcpEnds(table6, parseTcpEnds(table))
  const key = (local: [string, number], peer: [string, number]): string =>
    `${printedEnd(...local)} ${printedEnd(...peer)}`
  expect(ends.size).toBe(5)
  expect(ends.get(key(['127.0.0.1', 0xa3d1], ['127.0.0.1', 8080]))).toEqual({ state: '08', inode: '52274', unread: 18 })
  expect(ends.get(key(['127.0.0.1', 8080], ['127.0.0.1', 0xa3d1]))).toEqual({ state: '05', inode: '0', unread: 0 })
  expect(ends.get(key(['127.0.0.1', 8080], ['127.0.0.1', 0xa3d3]))?.inode).toBe('777')
  expect(ends.get(key(['::ffff:127.0.0.1', 0x2222], ['127.0.0.1', 0x3333]))?.inode).toBe('999')
  expect(ends.get(key(['::1', 0x2222], ['::1', 0x4444]))?.inode).toBe('998')
})

it('prints addresses as the kernel does', () => {
  expect(printedEnd('127.0.0.1', 80)).toBe('0100007F:0050')
  expect(printedEnd('::1', 65535)).toBe('00000000000000000000000001000000:FFFF')
  expect(printedEnd('fe80::1%eth0', 1)).toBe('000080FE000000000000000001000000:0001')
  expect(printedEnd('2001:db8:1:2:3:4:5:6', 1)).toBe('B80D01200200010004000300' + '06000500:0001')
})

it('takes for gone who was reset, who closed, and from afar only who ended without a word', () => {
  const ours = { state: '08', inode: '1', unread: 18 }
  expect(isGone(undefined, undefined, true)).toBe(true)
  expect(isGone({ ...ours, state: '01' }, undefined, true)).toBe(false)
  expect(isGone(ours, { state: '05', inode: '7', unread: 0 }, true)).toBe(false)
  expect(isGone(ours, { state: '05', inode: '0', unread: 0 }, true)).toBe(true)
  expect(isGone(ours, undefined, true)).toBe(true)
  expect(isGone(ours, undefined, false)).toBe(false)
  expect(isGone({ ...ours, unread: 1 }, undefined, false)).toBe(true)
})
