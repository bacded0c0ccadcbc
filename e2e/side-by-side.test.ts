/** `serve authz` in the seat of oauth2-proxy answers what a real one was recorded to answer; where not, it is meant. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { oauth2ProxyConfig, oauth2ProxyEnvironment, USER } from './peers/real-door.ts'
import { recorded } from './peers/recorded.ts'
import { answersOf, asked, meant, type Shown, settings } from './peers/side-by-side.ts'
import { startIssuer, startSeat } from './seat.ts'

const theirs = recorded<Record<string, Record<string, Shown>>>('oauth2-proxy-7.15.6')
const differing = new Set(meant.flatMap(({ ids }) => ids))

describe('in the seat of oauth2-proxy', () => {
  const seen = new Set<string>()
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-side-by-side-'))
  let issuer: Awaited<ReturnType<typeof startIssuer>>
  before(async () => {
    issuer = await startIssuer(['/oauth2/callback'], { password: USER.password })
  })
  after(async () => {
    rmSync(folder, { recursive: true, force: true })
    await issuer?.close()
  })
  for (const [name, change] of Object.entries(settings))
    test(name, async () => {
      const port = Number(new URL(issuer.url).port)
      const file = join(folder, 'oauth2_proxy.cfg')
      const text = oauth2ProxyConfig(port, change).replace(
        /^oidc_issuer_url = .*$/m,
        `oidc_issuer_url = "${issuer.url}"`,
      )
      writeFileSync(file, text, { mode: 0o600 })
      const seat = await startSeat(
        ['--compat', 'oauth2-proxy', '--http-address=127.0.0.1:0', `--config=${file}`],
        { ...oauth2ProxyEnvironment, OAUTH2_PROXY_CLIENT_SECRET: issuer.secret },
      )
      try {
        const { email: login, password } = USER
        const ours = await answersOf(Number(new URL(seat.url).port), port, { login, password })
        const apart = asked.filter(
          ({ id }) => JSON.stringify(ours[id]) !== JSON.stringify(theirs[name]?.[id]),
        )
        for (const { id } of apart) seen.add(id)
        assert.deepEqual(
          apart
            .filter(({ id }) => !differing.has(id))
            .map(({ id }) => ({ id, ours: ours[id], theirs: theirs[name]?.[id] })),
          [],
        )
      } finally {
        await seat.stop('SIGKILL')
      }
    })
  test('nothing is listed as different that is alike', () => {
    assert.deepEqual(
      [...differing].filter((id) => !seen.has(id)),
      [],
    )
  })
})
