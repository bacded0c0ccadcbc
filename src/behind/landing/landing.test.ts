import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEcho, createLanding, type LandingOptions } from './index.ts'

const landing = (options: Partial<LandingOptions> = {}) =>
  createLanding({
    routes: () => [
      { prefix: '/pipeline', host: '*', destination: 'ml-pipeline-ui.kubeflow:80', kind: 'Pipelines API' },
      {
        prefix: '/',
        host: 'model.example.com',
        destination: 'knative-local-gateway:80',
        kind: 'KServe model',
      },
    ],
    userHeader: 'kubeflow-userid',
    namespaces: (user) =>
      user === 'user@example.com' ? [{ namespace: 'kubeflow-user', role: 'admin' }] : [],
    signOut: { kind: 'link', path: '/oauth2/sign_out' },
    version: '26.03',
    ...options,
  })

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Request(`http://door.example${path}`, { method, headers })
const asUser = { 'kubeflow-userid': 'user@example.com' }

test('the page says who you are, where you belong, what is routed and how to sign out', async () => {
  const response = await landing()(get('/', asUser))
  const text = await response.text()
  for (const part of [
    '<h1>user@example.com</h1>',
    '<code>kubeflow-user</code>',
    '<a href="/pipeline">',
    'ml-pipeline-ui.kubeflow:80',
    'href="/oauth2/sign_out"',
  ]) {
    assert.ok(text.includes(part), part)
  }
})

test('a route on a host of its own is no link: it would lead to this one', async () => {
  assert.doesNotMatch(await (await landing()(get('/', asUser))).text(), /<a href="\/">/)
})

test('a user name is text, whatever it looks like', async () => {
  const text = await (await landing()(get('/', { 'kubeflow-userid': '"><script>alert(1)</script>' }))).text()
  assert.doesNotMatch(text, /<script/)
})

test('the page runs nothing, and its only style is admitted by its hash', async () => {
  const response = await landing()(get('/'))
  const policy = response.headers.get('content-security-policy') ?? ''
  assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; /)
  assert.equal(response.headers.get('cache-control'), 'no-store')
})

test('without an identity it says so, offers no sign-out and asks for no namespaces', async () => {
  const text = await (await landing({ namespaces: () => assert.fail('asked') })(get('/'))).text()
  assert.match(text, /Nobody is signed in/)
  assert.doesNotMatch(text, /sign_out/)
})

test('it speaks Korean to who asks for it', async () => {
  const response = await landing()(get('/', { ...asUser, 'accept-language': 'ko-KR,ko;q=0.9,en;q=0.8' }))
  assert.equal(response.headers.get('content-language'), 'ko')
  assert.match(await response.text(), /내 네임스페이스/)
})

test("oidc-authservice's sign-out needs the session itself, which the page does not print", async () => {
  const signOut = {
    kind: 'post-session',
    path: '/authservice/logout',
    cookie: 'authservice_session',
  } as const
  const headers = { ...asUser, cookie: 'authservice_session=SECRET' }
  const text = await (await landing({ signOut })(get('/', headers))).text()
  assert.match(text, /\/authservice\/logout/)
  assert.doesNotMatch(text, /SECRET/)
})

test('exists: whether there is a user and a namespace of theirs', async () => {
  assert.deepEqual(await (await landing()(get('/api/workgroup/exists', asUser))).json(), {
    hasAuth: true,
    user: 'user@example.com',
    hasWorkgroup: true,
    registrationFlowAllowed: false,
  })
  const nobody = (await (await landing()(get('/api/workgroup/exists'))).json()) as Record<string, unknown>
  assert.deepEqual([nobody.hasAuth, nobody.user], [false, 'anonymous@kubeflow.org'])
})

test('env-info: user, platform, namespaces with the roles the dashboard calls them', async () => {
  const body = (await (await landing()(get('/api/workgroup/env-info', asUser))).json()) as Record<
    string,
    unknown
  >
  assert.deepEqual(body.namespaces, [{ user: 'user@example.com', namespace: 'kubeflow-user', role: 'owner' }])
  assert.equal((body.platform as Record<string, unknown>).kubeflowVersion, '26.03')
})

test('any other path or method is a 404 in JSON', async () => {
  for (const request of [get('/nope'), get('/api/nope'), get('/', {}, 'POST')]) {
    const response = await landing()(request)
    assert.equal(response.status, 404)
    assert.deepEqual(await response.json(), { error: "Could not find the route you're looking for" })
  }
})

test('the echo answers with what it received and keeps credentials to itself', async () => {
  const request = new Request('http://any.example/some/path?q=1', {
    method: 'POST',
    headers: {
      authorization: 'Bearer abc.def.ghi',
      cookie: 'authservice_session=SECRET; theme=dark',
      'x-auth-token': 'SECRET',
      'kubeflow-userid': 'user@example.com',
    },
    body: 'twelve bytes',
  })
  const text = await (await createEcho()(request)).text()
  assert.doesNotMatch(text, /SECRET|abc\.def/)
  const body = JSON.parse(text) as {
    headers: [string, string][]
    method: string
    path: string
    body: unknown
  }
  const headers = Object.fromEntries(body.headers)
  assert.equal(headers.authorization, 'Bearer <11 characters>')
  assert.equal(headers.cookie, 'authservice_session=<6 characters>; theme=<4 characters>')
  assert.equal(headers['kubeflow-userid'], 'user@example.com')
  assert.deepEqual([body.method, body.path, body.body], ['POST', '/some/path?q=1', { bytes: 12 }])
})
