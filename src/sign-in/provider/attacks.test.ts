/** The corpus of attacks on a sign-in, as far as it is aimed at the relying party. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { sharedPath } from '../../../tools/shared.ts'
import { memorySessions } from '../sessions/memory.ts'
import { aCheck, createBrowser, header } from '../testing/browser.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'
import { oauth2ProxySettings } from '../testing/settings.ts'
import { createOAuth2Proxy } from './oauth2-proxy.ts'

interface Attack {
  readonly id: string
  readonly class: string
  readonly why: string
  readonly setup: string
  readonly request: { readonly path: string; readonly headers: Readonly<Record<string, string>> }
  readonly must: string
}

const MINE = new Set(['open-redirect', 'login-csrf', 'session-fixation', 'control'])
const file = sharedPath('attacks/sign-in.jsonl')
if (file === undefined)
  test.skip('attacks on a sign-in (left out: no shared folder beside the checkout)', () => {})
else
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const attack = JSON.parse(line) as Attack
    if (MINE.has(attack.class)) test(`${attack.id}: ${attack.why}`, () => put(attack))
  }

async function put(attack: Attack): Promise<void> {
  const clock = () => Date.UTC(2026, 10, 24, 12)
  const issuer = await createFakeIssuer(clock)
  const whitelistDomains = attack.setup === 'sign-in-whitelist' ? ['.apps.test', 'tools.test:8443'] : []
  const provider = createOAuth2Proxy(oauth2ProxySettings({ whitelistDomains }), {
    sessions: memorySessions(clock),
    fetch: issuer.fetch,
    clock,
  })
  const [a, b, used] = [createBrowser(provider), createBrowser(provider), createBrowser(provider)]
  const begin = async (browser: typeof a) =>
    header(await browser.visit('/oauth2/start'), 'location') as string
  const [startA, startB, startUsed] = [await begin(a), await begin(b), await begin(used)]
  const parameter = (url: string, name: string) =>
    new URL(url, 'http://door.test').searchParams.get(name) ?? ''
  const usedCallback = issuer.signIn(startUsed)
  await used.visit(usedCallback)
  const values: Readonly<Record<string, string>> = {
    'code:user': parameter(issuer.signIn(startA), 'code'),
    'code:attacker': parameter(issuer.signIn(startB), 'code'),
    'code:used': parameter(usedCallback, 'code'),
    'state:A': parameter(startA, 'state'),
    'state:A|flip-last-bit': flip(parameter(startA, 'state')),
    'login-cookie:A': a.cookies(),
    'login-cookie:B': b.cookies(),
    'cookie:user': used.cookies(),
    'cookie-name': provider.cookieName,
    'session-id:planted': 'p'.repeat(43),
  }
  const fill = (text: string) =>
    text.replace(/\{\{(.*?)\}\}/g, (_, name: string) => {
      assert.ok(values[name] !== undefined, name)
      return values[name]
    })
  const headers = Object.fromEntries(
    Object.entries(attack.request.headers).map(([name, value]) => [name, fill(value)]),
  )
  const browser = createBrowser(provider)
  const path = fill(attack.request.path)
  const { host = 'door.test', ...others } = headers
  const answer = path.startsWith('/oauth2/')
    ? await browser.visit(path, others)
    : await provider.check(aCheck({ path, host, headers: Object.entries(others) }))

  const statuses = /^status-in \[([\d,]+)\]$/.exec(attack.must)?.[1]
  if (statuses) assert.ok(statuses.split(',').includes(String(answer.status)), `${answer.status}`)
  const session = browser.jar.get(provider.cookieName)
  if (attack.class === 'login-csrf') assert.equal(session, undefined, 'a session was made')
  if (attack.id === 'fix-001') {
    assert.ok(session !== undefined && session !== 'p'.repeat(43))
    const planted = `${provider.cookieName}=${'p'.repeat(43)}`
    assert.equal((await provider.check(aCheck({ headers: [['cookie', planted]] }))).status, 403)
  }
  if (attack.must === 'no-redirect-outside') {
    let location = header(answer, 'location')
    inside(location)
    for (const [, action] of (answer.body ?? '').matchAll(/(?:action|href)="([^"]*)"/g))
      if (!action?.startsWith('data:')) inside(action)
    if (location?.startsWith('/dex/auth')) {
      const landed = await browser.visit(issuer.signIn(location))
      location = header(landed, 'location')
      inside(location)
      if (attack.id === 'ctl-011') assert.equal(location, '/pipeline/?a=b&c')
      const next = await browser.visit(location ?? '/')
      inside(header(next, 'location'))
    }
  }
}

function inside(location: string | undefined): void {
  if (location === undefined) return
  assert.match(location, /^\/(?![/\\])/)
  assert.equal(new URL(location, 'https://door.test').origin, 'https://door.test')
}

function flip(text: string): string {
  const bytes = Buffer.from(text, 'base64url')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return bytes.toString('base64url')
}
