import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { issueInto, openCaFolder } from '../../pki/index.ts'
import { certificateWithFingerprint } from './trust.ts'

test('an authority behind a certificate that is sent twice is found by its fingerprint', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [root, own] = [join(folder, 'root'), join(folder, 'ca')]
  await openCaFolder(root, Date.now).init({ names: ['door.test'], authorities: true })
  await openCaFolder(own, Date.now).initBelow({ from: root, names: ['door.test'] })
  const made = await issueInto(own, Date.now, { names: ['door.test'], usage: 'server' })
  const chain = readFileSync(made.certFile, 'utf8')
  const [leaf = '', between = ''] = chain.split(/(?<=-----END CERTIFICATE-----\n)/)
  const server = createServer({ key: readFileSync(made.keyFile), cert: leaf + chain })
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const wanted = new X509Certificate(between)
  const found = await certificateWithFingerprint(url, wanted.fingerprint256)
  assert.equal(new X509Certificate(found).fingerprint256, wanted.fingerprint256)
  // Each is named once to whoever typed another.
  const shown = `${new X509Certificate(leaf).fingerprint256}, ${wanted.fingerprint256};`
  await assert.rejects(certificateWithFingerprint(url, 'AA'.repeat(32)), new RegExp(`it shows ${shown}`))
})
