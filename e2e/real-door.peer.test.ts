/**
 * Getting through a Kubeflow door that has nothing of ours in it: real Envoy, real oauth2-proxy, real Dex, each
 * configured as the release has it.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type RealDoor, type RealDoorOptions, somebody, startRealDoor, USER } from './peers/real-door.ts'

/** One door for a block, and somebody who has never been there. */
function at(options: RealDoorOptions) {
  let door: RealDoor
  const me = somebody()
  before(async () => {
    door = await startRealDoor(options)
  })
  after(async () => {
    me.forget()
    await door?.close()
  })
  const login = (
    password: string,
    {
      path = '/',
      args = [],
      username = USER.email,
    }: { path?: string; args?: readonly string[]; username?: string } = {},
  ) =>
    me.kfdoor(['login', `${door.url}${path}`, '--username', username, '-o', 'json', ...args], {
      KFDOOR_PASSWORD: password,
    })
  return { login, kfdoor: me.kfdoor, url: () => door.url }
}

describe('Kubeflow 26.03 as it is released', () => {
  const { login, kfdoor, url } = at({})
  test('lets in who has the password, in every command', async () => {
    const { code, out, err } = await login(USER.password)
    assert.equal(code, 0, err)
    const said = JSON.parse(out)
    assert.deepEqual(
      [said.door.kind, said.door.connector, said.user, said.cookies],
      ['oauth2-proxy', 'local', USER.email, ['oauth2_proxy_kubeflow']],
    )
    assert.match((await kfdoor(['whoami'])).out, /user@example\.com/)
    assert.match((await kfdoor(['status'])).out, /Holds a session/)
    const echoed = await kfdoor(['curl', '-s', `${url()}/pipeline/apis/v2beta1/healthz`])
    assert.equal(JSON.parse(echoed.out).headers['kubeflow-userid'], USER.email, echoed.err)
    const header = (await kfdoor(['token', '-o', 'header'])).out.trim()
    assert.match(header, /^Cookie: oauth2_proxy_kubeflow=/)
    const run = await kfdoor([
      'exec',
      '--',
      'sh',
      '-c',
      'curl -s -o /dev/null -w "%{http_code}" "$KFDOOR_URL/x"',
    ])
    assert.equal(run.out.trim(), '200', run.err)
    assert.match((await kfdoor(['doctor', url()])).out, /credential +ok/)
  })
  test('says what it said of a wrong password', async () => {
    const { code, err } = await login('wrong')
    assert.equal(code, 4)
    assert.match(err, /KFD1811: the door says: Invalid Email Address and password\./)
  })
  for (const path of [
    '/dex/auth/local/login?back=&state=gone',
    '/dex/auth',
    '/oauth2/sign_in',
    '/oauth2/callback?code=x&state=y',
  ])
    test(`knows that ${path} is a step of a sign-in and not the door`, async () => {
      const { out, err } = await login(USER.password, { path })
      assert.equal(JSON.parse(out || '{}').url, `${url()}/`, err)
    })
  test('says that a session which lies in its cookie outlives a sign-out', async () => {
    await login(USER.password)
    assert.match((await kfdoor(['logout'])).out, /a copy of the cookie lives until it expires/)
  })
  test('says that a token is none, and not that a password is wrong', async () => {
    const { code, err } = await kfdoor(['login', url(), '--token-stdin'], {}, 'abc')
    assert.equal(code, 4)
    assert.match(err, /Jwt is not in the form.*kfdoor token inspect/)
  })
})

describe('with an approval screen', () => {
  describe('and prompt=none, which refuses everybody', () => {
    const { login, kfdoor } = at({ dex: { oauth2: { skipApprovalScreen: false } } })
    test('that is said, and why', async () => {
      const { code, err } = await login(USER.password)
      assert.equal(code, 5)
      assert.match(err, /KFD1824.*interaction_required/)
      assert.match((await kfdoor(['why', 'returned an error: interaction_required'])).out, /KFD2130/)
    })
  })
  describe('and without it', () => {
    const { login } = at({
      dex: { oauth2: { skipApprovalScreen: false } },
      settings: (text) => text.replace('prompt = "none"', 'prompt = ""'),
    })
    test('access is granted', async () => {
      const { code, err } = await login(USER.password)
      assert.equal(code, 0, err)
    })
  })
})

describe('with several connectors', () => {
  const callback = 'http://dex.auth.svc.cluster.local:5556/dex/callback'
  const { login } = at({
    dex: {
      connectors: [
        {
          type: 'mockPassword',
          id: 'directory',
          name: 'Directory',
          config: { username: 'kilgore', password: 'trout' },
        },
        {
          type: 'github',
          id: 'github',
          name: 'GitHub',
          config: { clientID: 'a', clientSecret: 'b', redirectURI: callback },
        },
      ],
    },
  })
  test('one has to be chosen', async () => {
    const { code, err } = await login(USER.password)
    assert.equal(code, 2)
    assert.match(err, /`directory` \(Directory\).*--connector/)
  })
  test('the chosen one signs in', async () => {
    const { code, out, err } = await login('trout', {
      username: 'kilgore',
      args: ['--connector', 'directory'],
    })
    assert.equal(code, 0, err)
    assert.equal(JSON.parse(out).user, 'kilgore@kilgore.trout')
  })
  test('one that lies elsewhere needs a browser', async () => {
    const { code, err } = await login(USER.password, { args: ['--connector', 'github'] })
    assert.equal(code, 4)
    assert.match(err, /KFD1812.*https:\/\/github\.com/)
  })
})
