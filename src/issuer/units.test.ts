import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ldapConnector } from './connectors/ldap.ts'
import { ldapUrl } from './connectors/ldap-client.ts'
import { passwordDb } from './connectors/password-db.ts'
import { createWorkQueue } from './connectors/work-queue.ts'
import { dexGeneration } from './generation.ts'
import { encodeValues, pathEscape, withQuery } from './go-url.ts'
import { newId } from './ids.ts'
import { html } from './pages/html.ts'
import { preferredLanguage } from './pages/words.ts'
import { createSignInLimiter } from './sign-in-limiter.ts'

const HASH = '$2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72'
const user = { email: 'User@example.com', hash: HASH, username: 'user', userId: '1', groups: [] }
const wants = { groups: false }

describe('generations', () => {
  for (const [image, name, afterLogin] of [
    ['v2.24.0', '≤2.28', 'approval'],
    ['quay.test:5000/dexidp/dex:v2.28.1', '≤2.28', 'approval'],
    ['v2.29.0', '2.29–2.35', 'approval'],
    ['dexidp/dex:v2.31.2', '2.29–2.35', 'approval'],
    ['v2.35.3-alpine', '2.29–2.35', 'approval-hmac'],
    ['dexidp/dex:v2.36.0@sha256:0123', '2.36–2.45', 'callback'],
    ['v2.45.0', '2.36–2.45', 'callback'],
    ['v2.46.0', 'after 2.45', 'dispatch'],
    ['v3.0.0', 'after 2.45', 'dispatch'],
    ['1.0.0', '≤2.28', 'approval'],
    ['latest', '2.36–2.45', 'callback'],
    ['', '2.36–2.45', 'callback'],
  ] as const) {
    test(`${image || '(none)'} is ${name}`, () => {
      const generation = dexGeneration(image)
      assert.deepEqual([generation.name, generation.afterLogin], [name, afterLogin])
    })
  }
})

describe('the password database', () => {
  test('folds the case of the address, not of the password; knows nobody else', async () => {
    const db = passwordDb([user])
    const kind = async (name: string, password: string) => (await db.login(name, password, wants)).kind
    assert.equal(await kind('USER@EXAMPLE.COM', '12341234'), 'in')
    assert.equal(await kind('user@example.com', '12341235'), 'wrong')
    assert.equal(await kind('user@example.com', ''), 'wrong')
    assert.equal(await kind('user', '12341234'), 'wrong')
  })

  test('an unknown name takes as long as a wrong password', async () => {
    const db = passwordDb([user])
    const time = async (name: string) => {
      const begun = performance.now()
      await db.login(name, 'wrong', wants)
      return performance.now() - begun
    }
    await time('warm@example.com')
    const known = Math.min(await time('user@example.com'), await time('user@example.com'))
    const unknown = Math.min(await time('x@example.com'), await time('x@example.com'))
    assert.ok(unknown > known / 3 && unknown < known * 3, `${unknown} ms and ${known} ms`)
  })

  test('more than it can check in a few seconds are sent away', async () => {
    const db = passwordDb([{ ...user, hash: HASH.replace('$12$', '$10$') }])
    const results = await Promise.all(
      Array.from({ length: 40 }, () => db.login('user@example.com', 'x', wants)),
    )
    assert.equal(results.filter(({ kind }) => kind === 'busy').length, 40 - 34)
  })

  test('a hash that costs too little or too much is an error, as in Dex', async () => {
    for (const cost of ['04', '17']) {
      const db = passwordDb([{ ...user, hash: HASH.replace('$12$', `$${cost}$`) }])
      await assert.rejects(db.login('user@example.com', 'x', wants), /hash cost = /)
    }
  })

  test('a refresh finds the same person, not another of the same address', async () => {
    const db = passwordDb([user])
    const result = await db.login('user@example.com', '12341234', wants)
    assert.ok(result.kind === 'in')
    assert.ok(await db.refresh(result.identity, wants))
    assert.equal(await db.refresh({ ...result.identity, userId: '2' }, wants), undefined)
  })
})

test('the work queue runs in order, and lets nobody slip in between', async () => {
  const queue = createWorkQueue({ running: 1, waiting: 2 })
  const order: number[] = []
  const job = (n: number) => queue.run(async () => void order.push(n))
  const jobs = [job(1), job(2), job(3)]
  assert.equal(job(4), undefined)
  await Promise.all(jobs)
  await job(5)
  assert.deepEqual(order, [1, 2, 3, 5])
})

test('a directory that does not answer fails within its deadline, naming no secret', async () => {
  const { createServer } = await import('node:net')
  const silent = createServer(() => {})
  await new Promise<void>((ready) => silent.listen(0, '127.0.0.1', ready))
  const address = silent.address()
  assert.ok(typeof address === 'object' && address)
  const search = { baseDn: 'ou=p', filter: '', scope: 'sub' as const, nameAttr: 'cn' }
  const config = {
    host: `127.0.0.1:${address.port}`,
    insecureNoSsl: true,
    insecureSkipVerify: false,
    startTls: false,
    bindDn: 'cn=admin',
    bindPw: 'directory-secret',
    usernamePrompt: '',
    userSearch: {
      ...search,
      username: 'mail',
      idAttr: 'uid',
      emailAttr: 'mail',
      preferredUsernameAttr: '',
      emailSuffix: '',
    },
    groupSearch: { ...search, userMatchers: [] },
  }
  const connector = ldapConnector('ldap', 'LDAP', config, { deadlineMs: 200 })
  await assert.rejects(connector.login('me', 'my-secret', wants), (error: Error) => {
    assert.match(error.message, /no answer within 200 ms/)
    assert.doesNotMatch(error.message, /secret/)
    return true
  })
  silent.close()
})

test('the address of a directory is read as Dex reads it', () => {
  for (const [host, insecureNoSsl, startTls, url] of [
    ['ldap.test', false, false, 'ldaps://ldap.test:636'],
    ['ldap.test', true, false, 'ldap://ldap.test:389'],
    ['ldap.test', false, true, 'ldap://ldap.test:636'],
    ['ldap.test:1389', false, true, 'ldap://ldap.test:1389'],
    ['[::1]:389', true, false, 'ldap://[::1]:389'],
    ['::1', true, false, 'ldap://[::1]:389'],
  ] as const) {
    assert.equal(ldapUrl({ host, insecureNoSsl, startTls }), url)
  }
})

describe('the sign-in limiter', () => {
  test('ten at once, then one each half minute; a success wipes the slate', () => {
    let now = 0
    const limiter = createSignInLimiter(() => now)
    for (let i = 0; i < 10; i++) {
      assert.equal(limiter.wait('u', 'a'), 0)
      limiter.failed('u', 'a')
    }
    assert.equal(limiter.wait('u', 'a'), 30)
    assert.equal(limiter.wait('U ', 'a'), 30, 'another spelling is the same person')
    assert.equal(limiter.wait('u', 'b'), 0, 'another address is not locked out')
    now = 30_000
    assert.equal(limiter.wait('u', 'a'), 0)
    limiter.succeeded('u', 'a')
    for (let i = 0; i < 10; i++) {
      assert.equal(limiter.wait('u', 'a'), 0)
      limiter.failed('u', 'a')
    }
  })

  test('many names from one address, and many addresses for one name, have an end', () => {
    const limiter = createSignInLimiter(() => 0)
    for (let i = 0; i < 100; i++) limiter.failed(`u${i}`, 'a')
    assert.ok(limiter.wait('new', 'a') > 0)
    for (let i = 0; i < 100; i++) limiter.failed('victim', `a${i}`)
    assert.ok(limiter.wait('victim', 'new') > 0)
  })
})

test('ids look like Dex’s and do not repeat', () => {
  const ids = new Set(Array.from({ length: 1000 }, () => newId()))
  assert.equal(ids.size, 1000)
  for (const id of ids) assert.match(id, /^[a-z][a-z2-7]{24}$/)
})

test('URLs are written as Go writes them', () => {
  assert.equal(
    encodeValues([
      ['b', "a b+c!'()*~/:"],
      ['a', '1'],
      ['b', '0'],
    ]),
    'a=1&b=a+b%2Bc%21%27%28%29%2A~%2F%3A&b=0',
  )
  assert.equal(pathEscape("a/b c'$&+:=@"), 'a%2Fb%20c%27$&+:=@')
  assert.equal(withQuery('/cb?x=1#f', [['code', 'c d']]), '/cb?code=c+d&x=1#f')
})

test('markup is escaped once', () => {
  const inner = html`<b>${'<&>"\''}</b>`
  assert.equal(html`${inner}${[inner]}${false}${undefined}${1}`.text, `${inner.text}${inner.text}1`)
  assert.equal(inner.text, '<b>&lt;&amp;&gt;&#34;&#39;</b>')
})

test('languages', () => {
  for (const [header, want] of [
    [null, 'en'],
    ['ko', 'ko'],
    ['en-US,en;q=0.9,ko;q=0.8', 'en'],
    ['fr, ko-KR;q=0.4', 'ko'],
    ['kok', 'en'],
    ['ko;q=0', 'en'],
    ['*', 'en'],
  ] as const) {
    assert.equal(preferredLanguage(header), want, String(header))
  }
})
