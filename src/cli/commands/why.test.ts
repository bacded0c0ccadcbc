import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Io } from '../io.ts'
import { main } from '../main.ts'

interface Ran {
  readonly out: string
  readonly err: string
  readonly code: number
}

async function run(
  args: readonly string[],
  given: { stdin?: string; env?: Io['env']; tty?: boolean } = {},
): Promise<Ran> {
  const ran = { out: '', err: '', code: 0 }
  const io: Io = {
    out: (text) => {
      ran.out += `${text}\n`
    },
    err: (text) => {
      ran.err += `${text}\n`
    },
    env: given.env ?? {},
    tty: { in: given.tty ?? false, out: false, err: false },
    readStdin: async () => given.stdin ?? '',
    exit: (code) => {
      ran.code = code
    },
  }
  await main(['why', ...args], io)
  return ran
}

test('a known text: code, cause, what to type, exit 0', async () => {
  const { out, code } = await run(['Jwt issuer is not configured'])
  assert.equal(code, 0)
  assert.match(out, /^KFD2201 /)
  assert.match(out, /cluster-jwks-proxy/)
  assert.match(out, /https:\/\/github.com\/kubeflow\/manifests\/issues\/2840/)
})

test('an unknown text: what to try, exit 1', async () => {
  const { out, code } = await run(['hello'])
  assert.equal(code, 1)
  assert.match(out, /curl -si URL/)
})

test('words without quotes are one text, and stdin is read where there are none', async () => {
  assert.match((await run(['no', 'healthy', 'upstream'])).out, /^KFD2408 /)
  assert.match((await run([], { stdin: 'no healthy upstream' })).out, /^KFD2408 /)
  assert.match((await run(['-'], { stdin: 'no healthy upstream' })).out, /^KFD2408 /)
})

test('nothing said at a terminal is a usage error', async () => {
  const { err, code } = await run([], { tty: true })
  assert.equal(code, 2)
  assert.match(err, /KFD0100/)
})

for (const [env, korean] of [
  [{ LANG: 'ko_KR.UTF-8' }, true],
  [{ LANG: 'ko_KR.UTF-8', LC_ALL: 'C' }, false],
  [{ LANG: 'kok_IN' }, false],
  [{}, false],
] as const) {
  test(`${JSON.stringify(env)} speaks ${korean ? 'Korean' : 'English'}`, async () => {
    assert.equal(/원인/.test((await run(['no healthy upstream'], { env })).out), korean)
  })
}

test('--lang overrides the environment, and a language it does not speak is a usage error', async () => {
  assert.match((await run(['--lang', 'ko', 'no healthy upstream'])).out, /원인/)
  assert.equal((await run(['--lang', 'xx', 'no healthy upstream'])).code, 2)
})

test('JSON has every match with its facts, and no credential', async () => {
  const secret = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2RleCIsImV4cCI6MTAwMH0.c2lnbmF0dXJl'
  const { out } = await run(['-o', 'json', `Authorization: Bearer ${secret} Jwt is expired`])
  const body = JSON.parse(out) as {
    matches: { code: string }[]
    tokens: { issuer: string; expiresAt: string; expired: boolean }[]
  }
  assert.equal(body.matches[0]?.code, 'KFD2207')
  assert.deepEqual(
    body.tokens.map(({ issuer, expiresAt, expired }) => [issuer, expiresAt, expired]),
    [['https://dex', '1970-01-01T00:16:40Z', true]],
  )
  assert.ok(!out.includes('eyJ') && !out.includes('c2lnbmF0dXJl'))
})
