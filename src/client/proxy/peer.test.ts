/** Whose a loopback socket is, as Linux tells it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { ownerOf, peerIsOurs } from './peer.ts'

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 10 1 0 100 0 0 10 0
   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 20 4 30 10 -1
   2: 0200007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 12 1 0 20 4 30 10 -1
   3: 0100007F:C351 0100007F:1F90 06 00000000:00000000 03:00001000 00000000     0        0 0 3 0
   4: 0000000000000000FFFF00000100007F:C352 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000  1002        0 13 1 0
   5: 00000000000000000000000001000000:C353 00000000000000000000000001000000:1F90 01 00000000:00000000 00:00000000 00000000  1003        0 14 1 0`

const rows: readonly (readonly [why: string, address: string, port: number, want: number | undefined])[] = [
  ['a socket of ours', '127.0.0.1', 50_000, 1000],
  ['the same port of another address is another socket', '127.0.0.2', 50_000, 1001],
  ['a socket nobody holds any more says uid 0 and means nobody', '127.0.0.1', 50_001, undefined],
  ['IPv4 on an IPv6 socket', '::ffff:127.0.0.1', 50_002, 1002],
  ['IPv6', '::1', 50_003, 1003],
  ['a socket that is not there', '127.0.0.1', 50_009, undefined],
]
for (const [why, address, port, want] of rows) {
  test(`${why}: ${want ?? 'nobody'}`, () => assert.equal(ownerOf(table, address, port, 8080), want))
}

const server = createServer()
let port = 0
before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
after(() => server.close())

const linux = process.platform === 'linux'

test('a connection of this process is ours', { skip: !linux }, async () => {
  const [ours] = await Promise.all([asked(), connectFrom(process.getuid?.() ?? 0)])
  assert.equal(ours, 'yes')
})

test('a connection of another user is not', { skip: !linux || process.getuid?.() !== 0 }, async () => {
  const [ours] = await Promise.all([asked(), connectFrom(65_534)])
  assert.equal(ours, 'no')
})

async function asked(): Promise<string> {
  const [socket] = (await once(server, 'connection')) as [Socket]
  const ours = await peerIsOurs(socket)
  socket.destroy()
  return ours
}

async function connectFrom(uid: number): Promise<void> {
  if (uid === process.getuid?.()) {
    await once(
      connect(port, '127.0.0.1').on('error', () => {}),
      'close',
    )
    return
  }
  // Another user may not read this checkout, nor the Node in it.
  const child = spawn('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}; read -r -t 5 <&3`], {
    uid,
    cwd: '/',
    stdio: 'ignore',
  })
  await once(child, 'close')
}
