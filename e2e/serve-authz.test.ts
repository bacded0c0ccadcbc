/** `kfdoor serve authz` as a process: its ready line, settings that change under it, its end. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { kfdoor, run } from './door.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-serve-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'authz.yaml')
const settings = (more: string) => `
listen: 127.0.0.1:0
grpcListen: 127.0.0.1:0
metricsListen: 127.0.0.1:0
drain: 10ms
auditLog: none
signIn: {issuer: "http://127.0.0.1:9/dex", clientId: door, clientSecret: s3cret, authorizationUrl: /dex/auth}
${more}
`
const status = async (url: string) => (await fetch(url, { headers: { accept: '*/*' } })).status

test('says where it listens, takes sound settings while it runs, and ends in peace', async () => {
  writeFileSync(file, settings(''))
  const child = spawn(process.execPath, [kfdoor, 'serve', 'authz', '--config', file, '-o', 'json'])
  const talk = createInterface({ input: child.stderr })
  const heard = async (pattern: RegExp) => {
    for (;;) {
      const [line] = (await once(talk, 'line')) as [string]
      if (pattern.test(line)) return line
    }
  }
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    const ready = JSON.parse(line) as { ready: true; http: string; grpc: string; metrics: string }
    assert.equal(ready.ready, true)
    for (const address of [ready.http, ready.grpc, ready.metrics]) assert.match(address, /^127\.0\.0\.1:\d+$/)
    assert.equal(await status(`http://${ready.http}/x`), 401)
    assert.equal(await status(`http://${ready.metrics}/readyz`), 200)
    assert.equal(await status(`http://${ready.metrics}/x`), 404)

    const refused = heard(/are not used: KFD1710: .*bogus/)
    writeFileSync(file, settings('bogus: 1'))
    assert.doesNotMatch(await refused, /s3cret/)
    assert.equal(await status(`http://${ready.http}/x`), 401, 'the last good settings stay')

    const applied = heard(/are in use/)
    writeFileSync(file, settings('pathPrefix: /check'))
    await applied
    assert.equal(await status(`http://${ready.http}/x`), 404)
    assert.equal(await status(`http://${ready.http}/check/x`), 401)

    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    assert.deepEqual(await gone, [0, null])
  } finally {
    child.kill('SIGKILL')
  }
})

test('does not start with settings it does not understand, and shows no secret', async () => {
  writeFileSync(file, settings('bogus: 1'))
  const started = await run(['serve', 'authz', '--config', file])
  assert.equal(started.code, 2)
  assert.match(started.err, /KFD1710: .*authz\.yaml:\d+: bogus is not a field/)
  writeFileSync(file, settings(''))
  const view = await run(['serve', 'authz', 'config', 'view', '--config', file])
  assert.equal(view.code, 0)
  assert.match(view.out, /clientSecret: REDACTED/)
  assert.doesNotMatch(view.out + view.err + started.out + started.err, /s3cret/)
})
