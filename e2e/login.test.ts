/** `kfdoor login` and what follows it, against doors of every release, by every way in. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type } from '../src/cli/a-terminal.fixture.ts'
import { BrowserLike, signIn as signInLikeABrowser } from './browser-like.ts'
import { type Door, run, startDoor } from './door.ts'

const user = { KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' }
const editor = 'kubeflow-user-example-com/default-editor'

interface LoginJson {
  readonly name: string
  readonly url: string
  readonly door: { readonly kind: string; readonly issuer?: string; readonly connector?: string }
  readonly user: string | null
  readonly expiresAt: string | null
  readonly cookies: readonly string[]
}

/** A person of their own: nothing of this machine's real settings is seen or touched. */
function newcomer(door: Door) {
  const home = mkdtempSync(join(tmpdir(), 'kfdoor-login-'))
  after(() => rmSync(home, { recursive: true, force: true }))
  const env: Record<string, string | undefined> = { HOME: home, XDG_RUNTIME_DIR: door.env.XDG_RUNTIME_DIR }
  return {
    home,
    env,
    type: (...argv: string[]) => type(argv, { env: { ...env, ...user } }),
    bare: (...argv: string[]) => type(argv, { env }),
  }
}

const releases = [
  ['26.03', 'oauth2-proxy', 'oauth2_proxy_kubeflow'],
  ['v1.9', 'oauth2-proxy', 'oauth2_proxy_kubeflow'],
  ['v1.8', 'authservice', 'authservice_session'],
  ['v1.6', 'authservice', 'authservice_session'],
] as const

for (const [profile, kind, cookie] of releases) {
  describe(`a door of ${profile}`, () => {
    let door: Door
    before(async () => {
      door = await startDoor(['--profile', profile])
    })
    after(() => door.stop())

    it('is recognised, opened, looked into and closed', async () => {
      const { home, env, type } = newcomer(door)
      // By its plain address, which redirects; the CA of a door of this machine is found by itself.
      const ran = await type('login', door.ready.httpUrl, '-o', 'json')
      assert.equal(ran.code, 0, ran.err)
      const said = JSON.parse(ran.out) as LoginJson
      assert.deepEqual([said.door.kind, said.user, said.cookies], [kind, 'user@example.com', [cookie]])
      assert.equal(said.door.issuer, door.ready.issuer)
      assert.equal(said.url, `${door.ready.url}/`)
      assert.ok(Date.parse(said.expiresAt ?? '') > Date.now())

      const file = join(home, '.local/share/kfdoor/credentials', `${said.name}.json`)
      assert.equal(statSync(file).mode & 0o777, 0o600)
      assert.equal(statSync(join(file, '..')).mode & 0o777, 0o700)
      assert.doesNotMatch(readFileSync(join(home, '.config/kfdoor/doors.json'), 'utf8'), /12341234|"value"/)

      const who = JSON.parse((await type('whoami', '-o', 'json')).out)
      assert.deepEqual(
        [who.user, who.header, who.namespaces],
        ['user@example.com', 'kubeflow-userid', [{ namespace: 'kubeflow-user-example-com', role: 'owner' }]],
      )
      assert.match((await type('status')).out, /Holds a session \(\w+\), until .* \(in 24 h\)/)
      assert.match(
        (await type('doors')).out,
        new RegExp(`^\\* ${said.name} +${door.ready.url}/ +user@example.com`),
      )

      const api = `${door.ready.url}/pipeline/apis/v2beta1/experiments?namespace=kubeflow-user-example-com`
      const curl = (...args: string[]) =>
        execFileSync(
          'curl',
          ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', door.ready.caFile ?? '', ...args],
          { encoding: 'utf8' },
        )
      const header = (await type('token', '-o', 'header')).out.trim()
      assert.equal(curl('-H', header, api), '200')
      writeFileSync(join(home, 'jar'), (await type('token', '-o', 'cookie-jar')).out)
      assert.equal(curl('-b', join(home, 'jar'), api), '200')

      assert.match((await type('logout')).out, /signed out, there and here/)
      assert.notEqual(curl('-H', header, api), '200')
      const over = await newcomerStatus(env)
      assert.deepEqual([over.code, JSON.parse(over.out).credential], [4, null])
    })

    it('says a wrong password in its own words, with exit 4', async () => {
      const { env } = newcomer(door)
      const ran = await type(['login', door.ready.url], {
        env: { ...env, ...user, KFDOOR_PASSWORD: 'wrong' },
      })
      assert.match(
        ran.err,
        /KFD1811: the door says: Invalid Email Address and password\. \(as `user@example\.com`\)/,
      )
      assert.deepEqual([ran.code, ran.out], [4, ''])
    })
  })
}

const newcomerStatus = (env: Record<string, string | undefined>) => type(['status', '-o', 'json'], { env })

describe('ways in that need a setting at the issuer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-dex-'))
  const config = join(folder, 'dex.yaml')
  writeFileSync(
    config,
    `issuer: http://dex.auth.svc.cluster.local:5556/dex
storage: {type: memory}
oauth2: {skipApprovalScreen: true, passwordConnector: local}
enablePasswordDB: true
staticPasswords:
- {email: user@example.com, hash: $2b$10$ip7h9ES9HlsKs3mD1YcqZuYWpTFa6qKDPmhobVJThfYfNbcXPgHNC, username: user, userID: "15841185641784"}
staticClients:
- {id: kubeflow-oidc-authservice, name: Dex Login Application, secret: pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok, redirectURIs: [/oauth2/callback]}
- {id: kfdoor-cli, name: kfdoor, public: true}
`,
  )
  let door: Door
  before(async () => {
    const hash = execFileSync(
      process.execPath,
      [join(import.meta.dirname, '../bin/kfdoor.mjs'), 'hash-password', '--cost', '10'],
      { input: '12341234', encoding: 'utf8' },
    ).trim()
    writeFileSync(config, readFileSync(config, 'utf8').replace(/hash: \S+,/, `hash: "${hash}",`))
    door = await startDoor(['--dex-config', config])
  })
  after(async () => {
    await door.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const check = async (
    person: ReturnType<typeof newcomer>,
    ran: { code: number; out: string; err: string },
  ) => {
    assert.equal(ran.code, 0, ran.err)
    const said = JSON.parse(ran.out) as LoginJson
    assert.deepEqual([said.user, said.cookies], ['user@example.com', []])
    const who = JSON.parse((await person.bare('whoami', '-o', 'json')).out)
    assert.deepEqual([who.user, who.claim, who.credential], ['user@example.com', 'email', 'bearer'])
    return said
  }

  it('password grant: one request, and a token that is refreshed without the password', async () => {
    const person = newcomer(door)
    const ran = await person.type(
      'login',
      door.ready.url,
      '--password-grant',
      '--client-id',
      'kfdoor-cli',
      '-o',
      'json',
    )
    const { name } = await check(person, ran)
    const file = join(person.home, '.local/share/kfdoor/credentials', `${name}.json`)
    const kept = JSON.parse(readFileSync(file, 'utf8'))
    // As if it ended in a second: the next command renews it and writes what changed.
    kept.credential.expiresAt = Date.now() + 1000
    writeFileSync(file, JSON.stringify(kept))
    chmodSync(file, 0o600)
    const fresh = (await person.bare('token', '-o', 'token')).out.trim()
    assert.match(fresh, /^eyJ/)
    // Two tokens of one second are the same to the letter; when they end tells that one was fetched.
    const { token, expiresAt } = JSON.parse(readFileSync(file, 'utf8')).credential
    assert.equal(token, fresh)
    assert.ok(expiresAt > kept.credential.expiresAt + 60_000)
    const exec = JSON.parse((await person.bare('token', '-o', 'exec-credential')).out)
    assert.deepEqual(
      [exec.kind, exec.apiVersion, exec.status.token],
      ['ExecCredential', 'client.authentication.k8s.io/v1', fresh],
    )
  })

  it('password grant: a wrong password is exit 4', async () => {
    const person = newcomer(door)
    const ran = await type(['login', door.ready.url, '--password-grant', '--client-id', 'kfdoor-cli'], {
      env: { ...person.env, ...user, KFDOOR_PASSWORD: 'no' },
    })
    assert.match(ran.err, /KFD1811: .*Invalid username or password/)
    assert.equal(ran.code, 4)
  })

  it('a client that is not told its secret is refused in the issuer’s words', async () => {
    const ran = await newcomer(door).type('login', door.ready.url, '--password-grant')
    assert.match(ran.err, /KFD1824: .*Invalid client credentials/)
    assert.equal(ran.code, 5)
  })

  it('device code: somebody else’s browser signs in', async () => {
    const person = newcomer(door)
    const { signIn } = await import('../src/compose/doors/sign-in.ts')
    let shown = ''
    const result = await signIn(
      person.env,
      { url: new URL(door.ready.url), way: async () => ({ by: 'device' }), clientId: 'kfdoor-cli' },
      {
        say: () => {},
        askLine: async () => '',
        openBrowser: (url) => {
          shown = url
          const browser = new BrowserLike(door.ready.caFile)
          void browser
            .open(url)
            .then((page) =>
              /user_code/.test(page.body)
                ? browser.submit(page, { user_code: new URL(url).searchParams.get('user_code') ?? '' })
                : page,
            )
            .then((page) => browser.submit(page, { login: 'user@example.com', password: '12341234' }))
        },
      },
    )
    assert.match(shown, new RegExp(`^${door.ready.url}/dex/device\\?user_code=\\w{4}-\\w{4}$`))
    assert.equal(result.door.user, 'user@example.com')
    assert.equal(result.credential.kind === 'token' && result.credential.refresh?.clientId, 'kfdoor-cli')
  })

  it('browser: comes back to a loopback port by itself', async () => {
    const person = newcomer(door)
    const { signIn } = await import('../src/compose/doors/sign-in.ts')
    const result = await signIn(
      person.env,
      { url: new URL(door.ready.url), way: async () => ({ by: 'browser' }), clientId: 'kfdoor-cli' },
      {
        say: () => {},
        askLine: async () => '',
        openBrowser: (url) =>
          void signInLikeABrowser(new BrowserLike(door.ready.caFile), url, {
            login: 'user@example.com',
            password: '12341234',
          }),
      },
    )
    assert.equal(result.door.user, 'user@example.com')
    assert.deepEqual(result.who.namespaces, [{ namespace: 'kubeflow-user-example-com', role: 'owner' }])
  })
})

describe('ways in that any door takes', () => {
  let door: Door
  before(async () => {
    door = await startDoor()
  })
  after(() => door.stop())

  it('browser elsewhere: the address of the last page is pasted', async () => {
    const person = newcomer(door)
    const { signIn } = await import('../src/compose/doors/sign-in.ts')
    const result = await signIn(
      person.env,
      { url: new URL(door.ready.url), way: async () => ({ by: 'paste' }) },
      {
        say: (line) => {
          shown = /https:\S+/.exec(line)?.[0] ?? shown
        },
        openBrowser: () => {},
        askLine: async () => {
          const browser = new BrowserLike(door.ready.caFile)
          await signInLikeABrowser(browser, shown, { login: 'user@example.com', password: '12341234' })
          // Where it came back first: it does not have what ties the answer to its beginning.
          const last = browser.visited.find((one) => /\/oauth2\/callback\?/.test(one))
          return last?.replace('GET ', '') ?? ''
        },
      },
    )
    assert.deepEqual(result.door.user, 'user@example.com')
    assert.equal(result.credential.kind, 'session')
  })
  let shown = ''

  it('an existing cookie, and one the door does not know', async () => {
    const minted = (
      await run(['token', '--user', 'user@example.com', '-o', 'cookie'], { env: door.env })
    ).out.trim()
    const person = newcomer(door)
    const ran = await type(['login', door.ready.url, '--cookie-stdin', '-o', 'json'], {
      env: person.env,
      stdin: minted,
    })
    assert.equal(ran.code, 0, ran.err)
    assert.deepEqual((JSON.parse(ran.out) as LoginJson).cookies, ['oauth2_proxy_kubeflow'])
    const stale = await type(['login', door.ready.url], {
      env: { ...person.env, KFDOOR_COOKIE: 'oauth2_proxy_kubeflow=stale' },
    })
    assert.match(stale.err, /KFD1811: .*asks to sign in all the same/)
    assert.equal(stale.code, 4)
  })

  it('a token, a token file that changes, and a token that has expired elsewhere', async () => {
    const mint = async (...more: string[]) =>
      (
        await run(['token', '--service-account', editor, '-o', 'token', ...more], { env: door.env })
      ).out.trim()
    const person = newcomer(door)
    const first = await mint()
    const ran = await type(['login', door.ready.url, '--token-stdin', '-o', 'json'], {
      env: person.env,
      stdin: `${first}\n`,
    })
    assert.equal(ran.code, 0, ran.err)
    assert.equal((JSON.parse(ran.out) as LoginJson).user, `system:serviceaccount:${editor.replace('/', ':')}`)

    const path = join(person.home, 'token')
    writeFileSync(path, first)
    assert.equal((await person.bare('login', door.ready.url, '--token-file', path)).code, 0)
    const second = await mint('--duration', '2h')
    writeFileSync(path, second)
    assert.equal((await person.bare('token')).out.trim(), second)

    const bad = await type(['login', door.ready.url], {
      env: { ...person.env, KFDOOR_TOKEN: `${first.slice(0, -3)}AAA` },
    })
    assert.match(bad.err, /KFD1811: the door says: Jwt verification fails/)
    assert.equal(bad.code, 4)
  })

  it('a service account of a cluster, asked for anew whenever its token ends', async () => {
    const asked: string[] = []
    const cluster = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', async () => {
        asked.push(
          `${request.method} ${request.url} ${request.headers.authorization} ${Buffer.concat(parts)}`,
        )
        const token = (await run(['token', '--service-account', editor, '-o', 'json'], { env: door.env })).out
        const { token: value, expiresAt } = JSON.parse(token) as { token: string; expiresAt: string }
        response.writeHead(201, { 'content-type': 'application/json' })
        response.end(
          JSON.stringify({ kind: 'TokenRequest', status: { token: value, expirationTimestamp: expiresAt } }),
        )
      })
    })
    cluster.listen(0, '127.0.0.1')
    await new Promise((done) => cluster.once('listening', done))
    after(() => cluster.close())
    const person = newcomer(door)
    const kubeconfig = join(person.home, 'kubeconfig')
    writeFileSync(
      kubeconfig,
      `current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: "http://127.0.0.1:${(cluster.address() as AddressInfo).port}"}}]
users: [{name: u, user: {token: from-the-kubeconfig}}]
`,
    )
    const ran = await person.bare(
      'login',
      door.ready.url,
      '--service-account',
      editor,
      '--kubeconfig',
      kubeconfig,
      '-o',
      'json',
    )
    assert.equal(ran.code, 0, ran.err)
    assert.match(
      asked[0] ?? '',
      /^POST \/api\/v1\/namespaces\/kubeflow-user-example-com\/serviceaccounts\/default-editor\/token Bearer from-the-kubeconfig .*"audiences":\[\]/,
    )
    const { name } = JSON.parse(ran.out) as LoginJson
    const file = join(person.home, '.local/share/kfdoor/credentials', `${name}.json`)
    const kept = JSON.parse(readFileSync(file, 'utf8'))
    kept.credential.expiresAt = Date.now() - 1000
    writeFileSync(file, JSON.stringify(kept))
    chmodSync(file, 0o600)
    assert.equal((await person.bare('token')).code, 0)
    assert.equal(asked.length, 2)
  })

  it('several doors: names, the current one, and the one at an address', async () => {
    const person = newcomer(door)
    assert.equal((await person.type('login', door.ready.url, '--name', 'work')).code, 0)
    assert.equal((await person.type('login', door.ready.url, '--name', 'play')).code, 0)
    const names = () =>
      person
        .type('doors', '-o', 'json')
        .then(({ out }) =>
          JSON.parse(out).doors.map((one: { name: string; current: boolean }) => [one.name, one.current]),
        )
    assert.deepEqual(await names(), [
      ['work', false],
      ['play', true],
    ])
    await person.type('doors', 'use', 'work')
    assert.deepEqual(await names(), [
      ['work', true],
      ['play', false],
    ])
    assert.match(
      (await person.type('doors', 'use', 'nope')).err,
      /KFD1823: no door is called `nope`; there are `work`, `play`/,
    )
    await person.type('doors', 'remove', 'work')
    assert.deepEqual(await names(), [['play', true]])
    assert.equal((await person.bare('token', '--door', 'play')).code, 0)
  })

  it('a session that the door ended is told, and renewed where the password is at hand', async () => {
    const person = newcomer(door)
    await person.type('login', door.ready.url)
    const cookie = (await person.bare('token', '-o', 'cookie')).out.trim()
    execFileSync('curl', [
      '-s',
      '--cacert',
      door.ready.caFile ?? '',
      '-H',
      `Cookie: ${cookie}`,
      `${door.ready.url}/oauth2/sign_out`,
    ])
    const ran = await person.bare('whoami')
    assert.match(
      ran.err,
      /KFD1821: the credential for `\S+` is no longer taken; sign in again: `kfdoor login/,
    )
    assert.equal(ran.code, 4)
    const again = await person.type('whoami', '-o', 'json')
    assert.equal(JSON.parse(again.out).user, 'user@example.com', again.err)
  })

  it('two processes that renew at once sign in once', async () => {
    const person = newcomer(door)
    const { openKeptDoor } = await import('../src/compose/doors/open-door.ts')
    await person.type('login', door.ready.url)
    const env = { ...person.env, ...user }
    const [a, b] = await Promise.all([openKeptDoor(env), openKeptDoor(env)])
    const [pass, same] = await Promise.all([a.session.pass(), b.session.pass()])
    assert.deepEqual(pass.headers, same.headers)
    assert.deepEqual(await Promise.all([a.session.refused(pass.version), b.session.refused(same.version)]), [
      true,
      true,
    ])
    const [one, two] = await Promise.all([a.session.pass(), b.session.pass()])
    assert.notDeepEqual(one.headers, pass.headers)
    assert.deepEqual(one.headers, two.headers)
    await Promise.all([a.close(), b.close()])
  })
})

describe('a door without a sign-in', () => {
  it('is open, and that is no error', async () => {
    const door = await startDoor(['--single-user', '--no-tls'])
    after(() => door.stop())
    const { direct } = door.ready
    const person = newcomer(door)
    const ran = await person.bare('login', direct.pipelines, '-o', 'json')
    assert.equal(ran.code, 0, ran.err)
    const said = JSON.parse(ran.out) as LoginJson
    assert.deepEqual([said.door.kind, said.user, said.expiresAt, said.cookies], ['open', null, null, []])
  })
})
