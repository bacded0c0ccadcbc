/** Who gets in, and who does not; what the routes answer. The page itself is e2e's. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { readInputs } from '../compose/read-inputs.ts'
import { type RunningConsole, startConsole } from './index.ts'

interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** A request as it is written: `fetch` would not send a Host or an Origin of somebody else. */
function send(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): Promise<Answer> {
  const own = { host: `127.0.0.1:${port}`, connection: 'close', ...headers }
  const length = body === '' ? [] : [`content-length: ${Buffer.byteLength(body)}`]
  const head = [
    `${method} ${path} HTTP/1.1`,
    ...Object.entries(own).map(([name, value]) => `${name}: ${value}`),
    ...length,
  ]
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${head.join('\r\n')}\r\n\r\n${body}`))
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (part: string) => {
      text += part
    })
    socket.on('error', reject)
    socket.on('close', () => {
      const [top = '', ...rest] = text.split('\r\n\r\n')
      const [line = '', ...fields] = top.split('\r\n')
      resolve({
        status: Number(line.split(' ')[1] ?? 0),
        headers: new Map(
          fields.map((field) => [
            field.slice(0, field.indexOf(':')).toLowerCase(),
            field.slice(field.indexOf(':') + 1).trim(),
          ]),
        ),
        body: rest.join('\r\n\r\n'),
      })
    })
  })
}

const json = { 'content-type': 'application/json' }

describe('the server of the console', () => {
  let running: RunningConsole
  let cookie = ''
  let now = 1_800_000_000_000
  const applied: string[] = []
  before(async () => {
    running = await startConsole({
      port: 0,
      source: {
        name: 'profile:26.03',
        inputs: await readInputs(['profile:26.03'], async () => ''),
        words: ['-f', 'profile:26.03'],
      },
      certificates: {},
      plans: [],
      version: 'test',
      clock: () => now,
      say: () => {},
    })
  })
  after(() => running.close())
  const ask = (method: string, path: string, headers: Readonly<Record<string, string>> = {}, body = '') =>
    send(running.port, method, path, headers, body)
  const ticket = () => new URL(running.url).searchParams.get('ticket') ?? ''

  it('lets nobody in without the ticket, and names the way', async () => {
    for (const path of ['/', '/map', '/api/start', '/api/path.svg?path=/', '/assets/x.js']) {
      const { status, body } = await ask('GET', path)
      assert.equal(status, 403, path)
      assert.match(body, /kfdoor console/)
    }
    assert.equal((await ask('GET', '/?ticket=guess')).status, 403)
  })

  it('takes the ticket once, for a cookie, and cleans the address', async () => {
    const first = await ask('GET', `/map?verdict=allow&ticket=${ticket()}`)
    assert.equal(first.status, 303)
    assert.equal(first.headers.get('location'), '/map?verdict=allow')
    const set = first.headers.get('set-cookie') ?? ''
    assert.match(set, /; Path=\/; HttpOnly; SameSite=Strict$/)
    cookie = set.split(';')[0] ?? ''
    assert.equal((await ask('GET', `/?ticket=${ticket()}`)).status, 403, 'twice')
    assert.equal(
      (await ask('GET', '/?ticket=x', { cookie })).status,
      303,
      'whoever is in gets a clean address',
    )
  })

  it('sends the page with a policy that lets nothing in', async () => {
    const page = await ask('GET', '/findings?severity=%3Cscript%3E', { cookie })
    assert.equal(page.status, 200)
    const policy = page.headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer')
    assert.doesNotMatch(page.body, /<script>|style="| on\w+=/)
  })

  const hosts = ['evil.test', '127.0.0.1', 'localhost:1', 'localhost.evil.test', '']
  for (const host of hosts) {
    it(`answers to its own names only: Host \`${host}\``, async () => {
      const { status } = await ask('GET', '/', { host, cookie })
      assert.ok(status === 421 || status === 400, String(status))
    })
  }
  it('answers to localhost by name', async () => {
    assert.equal((await ask('GET', '/', { host: `LOCALHOST:${running.port}`, cookie })).status, 200)
  })

  const question = JSON.stringify({ request: { method: 'GET', path: '/pipeline/' } })
  const foreign: readonly (readonly [
    why: string,
    headers: Readonly<Record<string, string>>,
    status: number,
  ])[] = [
    ['no token of the page', {}, 403],
    ['a wrong token', { 'x-csrf-token': 'x' }, 403],
    ['another origin', { origin: 'https://evil.test', token: 'yes' }, 403],
    ['another port of this machine', { origin: 'http://localhost:1', token: 'yes' }, 403],
    ['an origin of nobody', { origin: 'null', token: 'yes' }, 403],
    ['another site, as the browser says', { 'sec-fetch-site': 'cross-site', token: 'yes' }, 403],
    ['another port, as the browser says', { 'sec-fetch-site': 'same-site', token: 'yes' }, 403],
    ['a simple content type', { 'content-type': 'text/plain', token: 'yes' }, 415],
    ['two cookies of the name', { twice: 'yes', token: 'yes' }, 403],
  ]
  for (const [why, { token, twice, ...headers }, status] of foreign) {
    it(`takes no question with ${why}`, async () => {
      const sent = {
        ...json,
        cookie: twice ? `${cookie}; ${cookie}` : cookie,
        ...(token && { 'x-csrf-token': running.guard.csrf }),
        ...headers,
      }
      assert.equal((await ask('POST', '/api/explain', sent, question)).status, status)
    })
  }

  it('answers its own page as `explain -o json` does', async () => {
    const own = { origin: `http://127.0.0.1:${running.port}`, 'sec-fetch-site': 'same-origin' }
    const sent = { ...json, ...own, cookie, 'x-csrf-token': running.guard.csrf }
    const { status, body } = await ask('POST', '/api/explain', sent, question)
    assert.equal(status, 200)
    assert.equal((JSON.parse(body) as { verdict: string }).verdict, 'challenge')
  })

  const bad: readonly (readonly [body: string, status: number])[] = [
    ['', 400],
    ['{', 400],
    ['[]', 400],
    ['{"yaml":1}', 400],
    ['{"request":"x"}', 400],
    ['{"request":{"headers":[1]}}', 400],
    ['{"request":{"method":"get"}}', 422],
    ['{"request":{"url":"ftp://x"}}', 422],
    ['{"yaml":"a: [","request":{}}', 422],
    [`{"yaml":"${'x'.repeat(4 * 1024 * 1024)}"}`, 413],
  ]
  for (const [body, status] of bad) {
    it(`answers ${status} to ${body.slice(0, 40) || 'nothing'}`, async () => {
      const sent = { ...json, cookie, 'x-csrf-token': running.guard.csrf }
      const answer = await ask('POST', '/api/explain', sent, body)
      assert.equal(answer.status, status, answer.body)
    })
  }

  it('keeps applying in the terminal', async () => {
    const sent = { ...json, cookie, 'x-csrf-token': running.guard.csrf }
    const { status, body } = await ask('POST', '/api/apply', sent, '{"plan":"x"}')
    assert.equal(status, 403)
    assert.match(body, /--allow-apply/)
    assert.deepEqual(applied, [])
  })

  it('draws the way as a picture nothing can run in', async () => {
    const { status, headers, body } = await ask('GET', '/api/path.svg?path=/%3Cscript%3E%26%22', { cookie })
    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'image/svg+xml')
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*sandbox/)
    assert.match(body, /<text [^>]*>JWT<\/text>|>CUSTOM</)
    assert.doesNotMatch(body, /<script|<image|<foreignObject|href=/i)
  })

  it('is asked no more often than a page asks', async () => {
    now += 20_000
    const answers = await Promise.all(
      Array.from({ length: 340 }, () =>
        ask('POST', '/api/nothing', { ...json, cookie, 'x-csrf-token': running.guard.csrf }, '{}'),
      ),
    )
    assert.ok(answers.some(({ status }) => status === 429))
    now += 20_000
  })

  it('shuts for a minute after too many guesses at the ticket', async () => {
    now += 120_000
    for (let guess = 0; guess < 20; guess++) {
      assert.equal((await ask('GET', `/?ticket=${guess}`)).status, 403)
    }
    assert.equal((await ask('GET', '/?ticket=21')).status, 429)
    now += 61_000
    assert.equal((await ask('GET', '/?ticket=22')).status, 403)
  })

  const others = ['PUT', 'DELETE', 'OPTIONS', 'PATCH']
  for (const method of others) {
    it(`knows no ${method}`, async () => {
      assert.equal((await ask(method, '/', { cookie })).status, 405)
    })
  }
})
