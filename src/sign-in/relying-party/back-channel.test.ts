import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guarded } from './back-channel.ts'

const rows: readonly (readonly [url: string, goes: boolean])[] = [
  ['http://dex.auth.svc.cluster.local:5556/dex/token', true],
  ['http://dex.auth.svc:5556/dex/token', true],
  ['http://dex:5556/dex/token', true],
  ['http://127.0.0.1:5556/dex', true],
  ['http://[::1]:5556/dex', true],
  ['https://idp.test/token', true],
  ['http://idp.test/token', false],
  ['http://127.0.0.1.idp.test/', false],
  ['http://svc.idp.test/', false],
  ['file:///etc/passwd', false],
  ['not a url', false],
]
for (const [url, goes] of rows)
  test(`a secret ${goes ? 'may' : 'may not'} go to ${url}`, async () => {
    let called = false
    const send = guarded(async () => {
      called = true
      return new Response('ok')
    })
    if (goes) assert.equal(await (await send(url)).text(), 'ok')
    else await assert.rejects(send(url), { code: 'ERR_USAGE' })
    assert.equal(called, goes)
  })

test('a redirect is not followed, an endless answer not read', async () => {
  const redirect = guarded(
    async () => new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/' } }),
  )
  await assert.rejects(redirect('https://idp.test/'), /redirect/)
  const endless = guarded(
    async () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
        }),
      ),
  )
  await assert.rejects(endless('https://idp.test/'), /more than/)
})
