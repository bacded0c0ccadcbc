/**
 * The recorded conversations with real auth services, put to ours: at every exchange that an auth
 * service answered, ours has to answer with the same status, the same shape of Location, the same
 * cookies and the same body a client reads. The issuer's part is played by a fake one.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { sharedPath } from '../../../tools/shared.ts'
import type { CheckAnswer } from '../../policy/index.ts'
import { memorySessions } from '../sessions/memory.ts'
import { createBrowser, header, setCookiesOf } from '../testing/browser.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'
import { authServiceSettings, oauth2ProxySettings } from '../testing/settings.ts'
import { createAuthService } from './authservice.ts'
import { createOAuth2Proxy } from './oauth2-proxy.ts'

interface Exchange {
  readonly note: string
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
  }
  readonly response: {
    readonly status: number
    readonly headers: readonly (readonly [string, string])[]
    readonly body: string
  }
}

const folder = sharedPath('fixtures/login-flows')
if (folder === undefined)
  test.skip('recorded sign-ins (left out: no shared folder beside the checkout)', () => {})
else
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.json')))
    test(name, async () => {
      const { exchanges } = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as { exchanges: Exchange[] }
      await replay(name.startsWith('authservice'), exchanges)
    })

async function replay(authservice: boolean, exchanges: readonly Exchange[]): Promise<void> {
  const clock = () => Date.UTC(2026, 10, 24, 12)
  const issuer = await createFakeIssuer(clock)
  const ports = { sessions: memorySessions(clock), fetch: issuer.fetch, clock }
  const provider = authservice
    ? createAuthService(authServiceSettings(), ports)
    : createOAuth2Proxy(oauth2ProxySettings(), ports)
  const browser = createBrowser(provider)
  let seen = 0
  let location = ''

  for (const { note, request, response } of exchanges) {
    const url = new URL(request.url)
    if (url.pathname.startsWith('/dex/')) continue
    seen++
    const callback = /\/callback$/.test(url.pathname)
    let target = url.pathname + url.search
    if (callback && !url.searchParams.has('error')) target = issuer.signIn(location)
    const extra: Record<string, string> = {}
    const { Accept, Authorization, Cookie } = request.headers
    // The mesh forwards `authorization` and `cookie` only; Accept never arrives.
    assert.ok(Accept)
    if (Authorization === 'Bearer abc') extra.authorization = Authorization
    else if (Authorization) extra.authorization = `Bearer ${browser.jar.get('authservice_session')}`
    if (Cookie?.includes('=stale')) extra.cookie = Cookie
    const answer = target.startsWith('/oauth2/')
      ? await browser.visit(target, extra, request.method)
      : await browser.check(target, extra, request.method)
    compare(note, response, answer)
    location = header(answer, 'location') ?? location
  }
  assert.ok(seen > 0)
}

function compare(note: string, recorded: Exchange['response'], answer: CheckAnswer): void {
  assert.equal(answer.status, recorded.status, note)
  // A 200 is the upstream's, which a check stands for.
  if (recorded.status === 200) return
  const then = (name: string) => recorded.headers.filter(([one]) => one === name).map(([, value]) => value)
  assert.equal(header(answer, 'content-type'), then('content-type')[0], note)

  const [was] = then('location')
  const is = header(answer, 'location')
  assert.equal(is === undefined, was === undefined, note)
  if (was !== undefined && is !== undefined) {
    const [a, b] = [new URL(was, 'http://door.test'), new URL(is, 'http://door.test')]
    assert.equal(b.pathname, a.pathname, note)
    const changing = new Set(['state', 'code_challenge'])
    for (const [key, value] of a.searchParams)
      if (changing.has(key)) assert.ok(b.searchParams.get(key), `${note}: ${key}`)
      else assert.equal(b.searchParams.get(key), value, `${note}: ${key}`)
    // What ours sends beyond the release binds the sign-in to the browser.
    const more = [...b.searchParams.keys()].filter((key) => !a.searchParams.has(key))
    assert.ok(
      more.every((key) => ['nonce', 'code_challenge', 'code_challenge_method'].includes(key)),
      note,
    )
  }

  const cookies = (values: readonly string[]) =>
    new Map(values.map((value) => [value.split('=')[0], value.toLowerCase()] as const))
  const [had, has] = [cookies(then('set-cookie')), cookies(setCookiesOf(answer))]
  assert.deepEqual([...has.keys()].sort(), [...had.keys()].sort(), note)
  for (const [cookie, before] of had) {
    const after = has.get(cookie) ?? ''
    assert.equal(/max-age=0/.test(after), /max-age=0/.test(before), `${note}: ${cookie}`)
    assert.ok(after.includes('path=/;') && after.includes('httponly'), `${note}: ${cookie}`)
    if (/max-age=86400/.test(before)) assert.match(after, /max-age=86400/)
    if (/max-age=900/.test(before)) assert.match(after, /max-age=900/)
  }

  if (recorded.headers.some(([one, value]) => one === 'content-type' && value === 'application/json'))
    assert.equal(answer.body, recorded.body, note)
  const form =
    /<form method="GET" action="\/oauth2\/start">\s*<input type="hidden" name="rd" value="([^"]*)">/
  assert.equal(form.exec(answer.body ?? '')?.[1], form.exec(recorded.body)?.[1], note)
  const failure = /Login Failed: The upstream identity provider returned an error: \w+/
  assert.equal(failure.exec(answer.body ?? '')?.[0], failure.exec(recorded.body)?.[0], note)
}
