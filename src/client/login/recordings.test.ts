/**
 * Recorded sign-ins with real auth services and Dex, replayed: the walk has to find its way by what the
 * pages say. It is told an address, a user, a password and a connector, and nothing else.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { sharedPath } from '../../../tools/shared.ts'
import { isFault } from '../../base/index.ts'
import { createAgent } from '../http/agent.ts'
import { createCookieJar } from '../http/cookie-jar.ts'
import { createVisitor } from '../http/visitor.ts'
import { recogniseDoor } from '../recognise.ts'
import { type Exchange, replay } from '../testing/replay.ts'
import { passwordLogin } from './password.ts'
import { signOutOf } from './sign-out.ts'

const folder = sharedPath('fixtures/login-flows')
const files = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith('.json'))
if (folder === undefined)
  test.skip('recorded sign-ins (left out: no shared folder beside the checkout)', () => {})

/** `user=…&password=…` of the recording, whatever its fields are called. */
function typed(exchanges: readonly Exchange[]) {
  const { body } = exchanges.find(({ note }) => note === 'submit credentials')?.request ?? {}
  const form = new URLSearchParams(body ?? 'login=user@example.com&password=12341234')
  return { username: form.get('login') ?? '', password: form.get('password') ?? '' }
}

for (const name of files) {
  const { exchanges, door } = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as {
    exchanges: Exchange[]
    door: string
  }
  const [, connector] = /-ldap\.(\w+)\./.exec(name) ?? []
  test(name, async (t) => {
    const server = await replay(exchanges)
    t.after(() => server.close())
    const clock = () => Date.now()
    const agent = createAgent({ clock })
    t.after(() => agent.close())
    const visitor = createVisitor({ agent, jar: createCookieJar(clock), door: server.url })
    // Where a recording has no first page, the place that was asked stands for it.
    const first = exchanges.find(({ request }) => request.method === 'GET')
    const found = await recogniseDoor(
      visitor,
      new URL(new URL(first?.request.url ?? '/').pathname, server.url),
    )
    assert.equal(found.kind, door)
    if (name.includes('unauthenticated')) return

    const login = passwordLogin(visitor, found, { ...typed(exchanges), connector })
    if (name.includes('success')) {
      const { credential, seen } = await login
      assert.equal(credential.kind, 'session')
      const session = door === 'authservice' ? 'authservice_session' : 'oauth2_proxy_kubeflow'
      assert.deepEqual(credential.kind === 'session' && credential.cookies.map(({ name }) => name), [session])
      const hours = ((credential.kind === 'session' && credential.expiresAt) || 0) - clock()
      assert.ok(Math.abs(hours - 24 * 3_600_000) < 60_000, 'a session of a day')
      assert.equal(seen.kind, door)
      assert.equal(seen.approval, name.includes('approval'))
      assert.equal(seen.dex, door === 'authservice' ? 'up to 2.28' : 'after 2.45')
      if (connector) {
        assert.equal(seen.connector, connector)
        assert.deepEqual(
          seen.connectors?.map((one) => one.id),
          ['local', 'ldap'],
        )
      }
      assert.ok(server.used.has('submit credentials'))
      if (exchanges.some(({ note }) => note === 'logout')) {
        await signOutOf(agent, found.url, seen.signOut, credential, visitor)
        assert.ok(server.used.has('logout'), 'signed out there too')
      }
      return
    }
    const fault = await login.then(
      () => assert.fail('should not be in'),
      (error: unknown) => error,
    )
    assert.ok(isFault(fault), String(fault))
    if (name.includes('wrong-password')) {
      assert.equal(fault.code, 'ERR_CREDENTIALS_WRONG')
      assert.match(fault.message, /Invalid Email Address and password\./)
    } else {
      assert.equal(fault.code, 'ERR_SIGN_IN_REFUSED')
      assert.match(fault.message, /upstream identity provider returned an error: interaction_required/)
    }
    assert.deepEqual(
      server.asked.filter((one) => one.startsWith('?')),
      [],
      'asked only what a browser asked',
    )
  })
}
