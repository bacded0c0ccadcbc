/** A real oauth2-proxy before a real Dex, asked what `serve authz` in its seat is asked; `UPDATE_RECORDINGS=1` keeps it. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Dex, startDex } from './parts/dex.ts'
import { startOAuth2Proxy } from './parts/oauth2-proxy.ts'
import { dexConfig, oauth2ProxyConfig, oauth2ProxyEnvironment, USER } from './peers/real-door.ts'
import { record, recorded } from './peers/recorded.ts'
import { answersOf, type Shown, settings } from './peers/side-by-side.ts'

describe('oauth2-proxy answers as it is recorded', () => {
  let dex: Dex
  const found: Record<string, Record<string, Shown>> = {}
  before(async () => {
    dex = await startDex(dexConfig('/oauth2/callback'))
  })
  after(async () => {
    await dex?.close()
    if (Object.keys(found).length === Object.keys(settings).length) record('oauth2-proxy-7.15.6', found)
  })
  for (const [name, change] of Object.entries(settings))
    test(name, async () => {
      const service = await startOAuth2Proxy(oauth2ProxyConfig(dex.port, change), oauth2ProxyEnvironment)
      try {
        const { email: login, password } = USER
        found[name] = await answersOf(service.port, dex.port, { login, password })
      } finally {
        await service.close()
      }
      if (process.env.UPDATE_RECORDINGS === '1') return
      assert.deepEqual(found[name], recorded<typeof found>('oauth2-proxy-7.15.6')[name])
    })
})
