/** The short way of `kfdoor token` may answer only where the long way would say the same. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type } from './a-terminal.fixture.ts'
import { quickToken } from './quick-token.ts'

const home = mkdtempSync(join(tmpdir(), 'kfdoor-quick-'))
after(() => rmSync(home, { recursive: true, force: true }))
const env = { XDG_CONFIG_HOME: join(home, 'config'), XDG_DATA_HOME: join(home, 'data'), HOME: home }
const folder = join(home, 'data', 'kfdoor', 'credentials')
mkdirSync(join(home, 'config', 'kfdoor'), { recursive: true, mode: 0o700 })
mkdirSync(folder, { recursive: true, mode: 0o700 })

const NOW = Date.now()
const day = 24 * 3_600_000
const cookie = (over: object = {}) => ({
  name: 's',
  value: 'secret',
  domain: 'work.example.com',
  hostOnly: true,
  path: '/',
  secure: true,
  httpOnly: true,
  expiresAt: NOW + day,
  ...over,
})
const doors = [
  { name: 'work', url: 'https://work.example.com/', kind: 'oauth2-proxy' },
  { name: 'below', url: 'https://work.example.com/kubeflow/', kind: 'oauth2-proxy' },
]
writeFileSync(
  join(home, 'config', 'kfdoor', 'doors.json'),
  JSON.stringify({ kind: 'Doors', current: 'work', doors }),
)
const keep = (credential: object, door = 'work') => {
  const path = join(folder, `${door}.json`)
  writeFileSync(path, JSON.stringify({ kind: 'Credential', door, credential }), { mode: 0o600 })
  chmodSync(path, 0o600)
  return path
}
const session = (cookies: readonly object[], expiresAt = NOW + day) => ({
  kind: 'session',
  cookies,
  expiresAt,
})

const quick: readonly (readonly [credential: object, argv: readonly string[], want: string, why: string])[] =
  [
    [session([cookie()]), [], 's=secret', 'a session'],
    [session([cookie()]), ['-o', 'header'], 'Cookie: s=secret', 'as a header'],
    [
      session([cookie({ name: 's_0' }), cookie({ name: 's_1' })]),
      ['--output=cookie', '--door', 'work'],
      's_0=secret; s_1=secret',
      'all parts',
    ],
    [session([cookie(), cookie({ name: 'd', path: '/dex' })]), [], 's=secret', "not the issuer's own"],
    [
      { kind: 'token', token: 'a.b.c', expiresAt: NOW + day },
      ['-o', 'header'],
      'Authorization: Bearer a.b.c',
      'a token',
    ],
    [{ kind: 'token', token: 'a.b.c' }, [], 'a.b.c', 'a token without an end'],
  ]
for (const [credential, argv, want, why] of quick) {
  test(`kfdoor token ${argv.join(' ')} is answered from the file, as the command answers: ${why}`, async () => {
    keep(credential)
    assert.equal(quickToken(env, argv, NOW), want)
    const { tokenCommand } = await import('./commands/token.ts')
    let out = ''
    const io = {
      out: (text: string) => {
        out = text
      },
      err: () => {},
      env,
      tty: { in: false, out: false, err: false },
      readStdin: async () => '',
      exit: () => {},
    }
    await tokenCommand(io).parseAsync(argv, { from: 'user' })
    assert.equal(out, want)
  })
}

const left: readonly (readonly [credential: object, argv: readonly string[], more: object, why: string])[] = [
  [session([cookie()], NOW + 1000), [], {}, 'it is about to end'],
  [session([cookie({ expiresAt: NOW - 1 })]), [], {}, 'a part of it has ended'],
  [session([cookie({ domain: 'other.example.com' })]), [], {}, 'of another host'],
  [session([cookie()]), ['-o', 'json'], {}, 'another format'],
  [session([cookie()]), ['-o', 'token'], {}, 'a token was asked for'],
  [{ kind: 'token', token: 'a.b.c' }, ['-o', 'cookie'], {}, 'a cookie was asked for'],
  [{ kind: 'token-file', path: '/x' }, [], {}, 'the token lies elsewhere'],
  [session([cookie()]), ['--user', 'me'], {}, 'another option'],
  [session([cookie()]), ['--door', 'nope'], {}, 'a door nobody knows'],
  [session([cookie()]), ['-o'], {}, 'half an option'],
  [session([cookie()]), [], { KFDOOR_TOKEN: 'x.y.z' }, 'the environment has another one'],
  [session([cookie()]), [], { KFDOOR_URL: 'https://x' }, 'the environment means another door'],
  [session([cookie()]), [], { KFDOOR_DOOR: 'below' }, 'nothing is kept for that door'],
]
for (const [credential, argv, more, why] of left) {
  test(`kfdoor token ${argv.join(' ')} is left to the command: ${why}`, () => {
    keep(credential)
    assert.equal(quickToken({ ...env, ...more }, argv, NOW), undefined)
  })
}

test('a file others may read is left to the command, which refuses it', async () => {
  const path = keep(session([cookie()]))
  chmodSync(path, 0o640)
  assert.equal(quickToken(env, [], NOW), undefined)
  const { err, code } = await type(['token'], { env })
  assert.match(err, /KFD1822: `.*work\.json` may be read by others \(mode 0640\).*chmod 600/)
  assert.equal(code, 4)
})

test('kfdoor token and --help start without streams, sockets and an option parser', () => {
  keep(session([cookie()]))
  const list = join(home, 'loaded')
  const preload = join(home, 'preload.cjs')
  writeFileSync(
    preload,
    `process.on('exit', () => process.getBuiltinModule('fs').writeFileSync(${JSON.stringify(list)}, process.moduleLoadList.join('\\n')))`,
  )
  const bin = fileURLToPath(new URL('../../bin/kfdoor.mjs', import.meta.url))
  for (const argv of [['token', '-o', 'header'], ['--help']]) {
    const out = execFileSync(process.execPath, ['-r', preload, bin, ...argv], { env, encoding: 'utf8' })
    assert.match(out, /^(Cookie: s=secret|kfdoor: )/)
    const loaded = execFileSync('cat', [list], { encoding: 'utf8' }).split('\n')
    const heavy = ['stream', 'net', 'tls', 'http', 'child_process', 'internal/fs/streams']
    assert.deepEqual(
      heavy.filter((name) => loaded.includes(`NativeModule ${name}`)),
      [],
      argv.join(' '),
    )
  }
})
