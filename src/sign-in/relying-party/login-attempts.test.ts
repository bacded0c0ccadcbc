import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLoginAttempts } from './login-attempts.ts'

function setUp() {
  let now = 1_800_000_000_000
  const attempts = createLoginAttempts({ clock: () => now, lifetimeMs: 900_000 })
  return { attempts, pass: (ms: number) => (now += ms) }
}

test('a sign-in that was begun is finished by the same browser, once', () => {
  const { attempts } = setUp()
  const { attempt, login } = attempts.begin(undefined, '/pipeline/')
  const finished = attempts.finish(login, attempt.state)
  assert.equal(finished?.target, '/pipeline/')
  assert.equal(finished?.nonce, attempt.nonce)
  assert.equal(finished?.codeVerifier, attempt.codeVerifier)
  assert.equal(finished?.take(), true)
  assert.equal(finished?.take(), false)
  assert.equal(attempts.finish(login, attempt.state), undefined)
})

test('of two callbacks of one sign-in that run at once, one gets through', () => {
  const { attempts } = setUp()
  const { attempt, login } = attempts.begin(undefined, '/')
  const both = [attempts.finish(login, attempt.state), attempts.finish(login, attempt.state)]
  assert.deepEqual(
    both.map((one) => one?.take()),
    [true, false],
  )
})

test('a hundred tabs share one cookie, and each can finish', () => {
  const { attempts } = setUp()
  const first = attempts.begin(undefined, '/0')
  const tabs = Array.from({ length: 100 }, (_, n) => attempts.begin(first.login, `/${n}`))
  for (const [n, { attempt, login }] of tabs.entries()) {
    assert.equal(login, first.login)
    assert.equal(attempts.finish(login, attempt.state)?.target, `/${n}`)
  }
  assert.equal(new Set(tabs.map(({ attempt }) => attempt.codeVerifier)).size, 100)
  assert.equal(new Set(tabs.map(({ attempt }) => attempt.nonce)).size, 100)
})

test('the state of one browser opens nothing in another', () => {
  const { attempts } = setUp()
  const a = attempts.begin(undefined, '/')
  const b = attempts.begin(undefined, '/')
  assert.notEqual(a.login, b.login)
  assert.equal(attempts.finish(b.login, a.attempt.state), undefined)
  assert.equal(attempts.finish(undefined, a.attempt.state), undefined)
})

test('every single changed character of a state or cookie is refused', () => {
  const { attempts } = setUp()
  const { attempt, login } = attempts.begin(undefined, '/')
  const altered = (text: string, at: number) =>
    text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
  for (let at = 0; at < attempt.state.length; at++)
    assert.equal(attempts.finish(login, altered(attempt.state, at)), undefined)
  for (let at = 0; at < login.length; at++)
    assert.equal(attempts.finish(altered(login, at), attempt.state), undefined)
})

test('a sign-in is over after its time, and the cookie after twice that', () => {
  const { attempts, pass } = setUp()
  const { attempt, login } = attempts.begin(undefined, '/')
  pass(899_999)
  assert.ok(attempts.finish(login, attempt.state))
  pass(1)
  assert.equal(attempts.finish(login, attempt.state), undefined)
  // What is left of the cookie is too short for a new sign-in.
  pass(1)
  assert.notEqual(attempts.begin(login, '/').login, login)
})

test('the key carries a sign-in over a restart', () => {
  const key = new Uint8Array(32).fill(7)
  const options = { clock: () => 1_800_000_000_000, lifetimeMs: 900_000, key }
  const { attempt, login } = createLoginAttempts(options).begin(undefined, '/x')
  assert.equal(createLoginAttempts(options).finish(login, attempt.state)?.target, '/x')
  const other = createLoginAttempts({ ...options, key: new Uint8Array(32).fill(8) })
  assert.equal(other.finish(login, attempt.state), undefined)
})
