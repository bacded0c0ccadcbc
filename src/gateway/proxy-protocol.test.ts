import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readProxyHeader } from './proxy-protocol.ts'

const signature = '0d0a0d0a000d0a515549540a'
const from = { remoteAddress: '192.0.2.7', localAddress: '10.20.0.1', localPort: 8080 }
const rows: readonly (readonly [why: string, bytes: Buffer, want: object])[] = [
  [
    'TCP4',
    Buffer.from('PROXY TCP4 192.0.2.7 10.20.0.1 40000 8080\r\nGET'),
    { kind: 'header', length: 43, from },
  ],
  ['a proxy that speaks for itself', Buffer.from('PROXY UNKNOWN\r\n'), { kind: 'header', length: 15 }],
  ['not all of it', Buffer.from('PROXY TCP4 192'), { kind: 'more' }],
  ['no header at all', Buffer.from('GET / HTTP/1.1\r\n'), { kind: 'malformed' }],
  ['a port that is none', Buffer.from('PROXY TCP4 192.0.2.7 10.20.0.1 1 70000\r\n'), { kind: 'malformed' }],
  ['a line without end', Buffer.from(`PROXY ${'x'.repeat(120)}`), { kind: 'malformed' }],
  [
    'version 2',
    Buffer.from(`${signature}2111000cc00002070a1400019c401f90`, 'hex'),
    { kind: 'header', length: 28, from },
  ],
  ['version 2, half of it', Buffer.from(`${signature}2111000cc000`, 'hex'), { kind: 'more' }],
  ['version 2, LOCAL', Buffer.from(`${signature}20000000`, 'hex'), { kind: 'header', length: 16 }],
  ['version 3', Buffer.from(`${signature}31110000`, 'hex'), { kind: 'malformed' }],
  [
    'version 2 too short for its addresses',
    Buffer.from(`${signature}21110004c0000207`, 'hex'),
    { kind: 'malformed' },
  ],
]
for (const [why, bytes, want] of rows) {
  test(`${why}`, () => assert.deepEqual(readProxyHeader(bytes), want))
}
