/**
 * What `kfdoor expose` plans, on the real data path: the door after the plan, every gateway and sidecar of
 * it a listener in a real Envoy, tokens signed with real keys. Whoever is named gets a prediction, others
 * and forged headers do not, and the dashboard stays closed.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { startWholeDoors, type WholeDoor } from '../conformance/envoy/whole-door.ts'
import { viewOptions } from '../src/cli/map/view-options.ts'
import { type ProfileName, profileFiles, profileNames } from '../src/compose/profiles.ts'
import { parseMesh } from '../src/mesh/index.ts'
import { applyChanges, type ExposeAsk, expose, readRawDoor, usualAudience } from '../src/planner/index.ts'
import { type CheckAnswer, compileDoor, type Door } from '../src/policy/index.ts'

const issuer = 'https://kubernetes.default.svc.cluster.local'
const base = '/models/kubeflow-user-example-com/sklearn-iris/v1/models/sklearn-iris'

const [good, foreign] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')])
const jwk = { ...(await exportJWK(good.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }
/** Whatever a rule names serves these keys. */
const fetched = (uri: string) =>
  uri.endsWith('/.well-known/openid-configuration')
    ? JSON.stringify({ issuer: uri.slice(0, uri.indexOf('/.well-known')), jwks_uri: `${uri}/keys` })
    : JSON.stringify({ keys: [jwk] })

interface Token {
  readonly account?: string
  readonly audience?: string
  readonly issuer?: string
  readonly key?: CryptoKey
  readonly expired?: boolean
}

const token = (more: Token = {}) =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setIssuer(more.issuer ?? issuer)
    .setSubject(`system:serviceaccount:${more.account ?? 'team-a:ci'}`)
    .setAudience(more.audience ?? usualAudience)
    .setIssuedAt()
    .setExpirationTime(more.expired ? '-1h' : '1h')
    .sign(more.key ?? good.privateKey)

type Headers = readonly (readonly [string, string])[]
const bearer = async (more?: Token): Promise<Headers> => [['authorization', `Bearer ${await token(more)}`]]
const forged: Headers = [
  ['kubeflow-userid', 'user@example.com'],
  ['kubeflow-groups', 'admin'],
  ['x-auth-request-email', 'user@example.com'],
]
const toSignIn: CheckAnswer = { status: 302, headers: [['location', '/dex/auth']] }
const asAccount: CheckAnswer = {
  status: 200,
  headers: [['kubeflow-userid', 'system:serviceaccount:team-a:ci']],
}

function plan(name: ProfileName, more: Partial<ExposeAsk>) {
  const files = profileFiles(name, { tls: false, demo: true })
  const world = {
    door: readRawDoor(files),
    mesh: parseMesh(files).mesh,
    now: Date.now() / 1000,
    view: viewOptions,
  }
  const ask = { kind: 'model', name: 'sklearn-iris', public: false, audience: usualAudience } as const
  const jwksUri = 'http://keys.istio-system.svc.cluster.local/keys'
  const { changes } = expose(world, { ...ask, to: [], jwksUri, timeout: '300s', ...more })
  const { mesh } = parseMesh(applyChanges(files, changes, 'planned.yaml'))
  const engine = { fetched }
  return { name, mesh, engine, door: compileDoor(mesh, engine) }
}
const planned = profileNames.map((name) =>
  plan(name, { to: [{ kind: 'sa', namespace: 'team-a', name: 'ci' }] }),
)
const service = { kind: 'service', name: 'katib-ui', namespace: 'kubeflow' } as const
const open = plan('v1.9', { ...service, public: true, host: 'katib.example.com' })

let running: Awaited<ReturnType<typeof startWholeDoors>>
before(async () => {
  running = await startWholeDoors([...planned, open])
})
after(() => running?.close())

for (const [index, { name, door }] of planned.entries()) {
  // authservice looks at tokens from v1.8 on; on v1.6 it is not asked on this path at all.
  const named: readonly CheckAnswer[] = name === 'v1.8' ? [asAccount] : []
  const asked = name === 'v1.8' ? 302 : 403
  const rows: readonly (readonly [
    what: string,
    method: string,
    path: string,
    headers: () => Promise<Headers>,
    answers: readonly CheckAnswer[],
    want: number,
  ])[] = [
    ['the named account predicts', 'POST', `${base}:predict`, bearer, named, 200],
    [
      'with the other spelling of the issuer too',
      'POST',
      `${base}:predict`,
      () => bearer({ issuer: 'https://kubernetes.default.svc' }),
      named,
      200,
    ],
    ['and asks whether the model is ready', 'GET', base, bearer, named, 200],
    [
      'forged headers beside its token change nothing',
      'POST',
      `${base}:predict`,
      async () => [...(await bearer()), ...forged],
      named,
      200,
    ],
    ['another method is refused', 'DELETE', `${base}:predict`, bearer, named, 403],
    [
      'another account is refused',
      'POST',
      `${base}:predict`,
      () => bearer({ account: 'team-a:other' }),
      name === 'v1.8' ? [toSignIn] : [],
      asked,
    ],
    [
      'another account with forged headers is refused',
      'POST',
      `${base}:predict`,
      async () => [...(await bearer({ account: 'team-a:other' })), ...forged],
      name === 'v1.8' ? [asAccount] : [],
      403,
    ],
    [
      'a token for another audience is refused',
      'POST',
      `${base}:predict`,
      () => bearer({ audience: 'elsewhere' }),
      name === 'v1.8' ? [asAccount] : [],
      403,
    ],
    [
      'a token somebody else signed is refused',
      'POST',
      `${base}:predict`,
      () => bearer({ key: foreign.privateKey }),
      name === 'v1.8' ? [asAccount] : [],
      401,
    ],
    [
      'an expired token is refused',
      'POST',
      `${base}:predict`,
      () => bearer({ expired: true }),
      name === 'v1.8' ? [asAccount] : [],
      401,
    ],
    [
      'nobody known is refused',
      'POST',
      `${base}:predict`,
      async () => [],
      name === 'v1.6' ? [] : [toSignIn],
      name === 'v1.6' ? 403 : 302,
    ],
    [
      'nobody known with forged headers is refused',
      'POST',
      `${base}:predict`,
      async () => forged,
      name === 'v1.6' ? [] : [toSignIn],
      name === 'v1.6' ? 403 : 302,
    ],
    ['the dashboard asks to sign in', 'GET', '/', async () => [], [toSignIn], 302],
    ['and is not fooled by headers', 'GET', '/', async () => forged, [toSignIn], 302],
    [
      'what lies below the call is the dashboard, which asks too',
      'POST',
      `${base}:predict/x`,
      async () => [],
      [toSignIn],
      302,
    ],
  ]
  describe(`the door of ${name} after the plan, in a real Envoy`, () => {
    for (const [what, method, path, headers, answers, want] of rows) {
      test(what, async () => {
        const whole = running.doors[index] as WholeDoor
        const { proxy, port } = entrance(door)
        assert.equal(whole.refusal(proxy, port), undefined)
        const sent = {
          scheme: 'http' as const,
          method,
          host: 'kubeflow.example.com',
          path,
          headers: await headers(),
        }
        const got = await whole.ask(proxy, port, sent, answers)
        assert.ok('status' in got, JSON.stringify(got))
        assert.equal(got.status, want, got.body)
        if (want === 200) assert.match(got.body, /^echo kubeflow-user-example-com\/sklearn-iris-predictor/)
      })
    }
  })
}

describe('a Service to anyone on a host of its own, in a real Envoy', () => {
  const rows = [
    ['katib.example.com', 200],
    ['KATIB.example.com:80', 200],
    ['katib.example.com:1:2', 302],
    ['katib.example.com.', 302],
    ['kubeflow.example.com', 302],
  ] as const
  for (const [host, want] of rows) {
    test(`with the Host ${host}, nobody known gets ${want}`, async () => {
      const { proxy, port } = entrance(open.door)
      const sent = { scheme: 'http' as const, method: 'GET', host, path: '/katib/', headers: forged }
      const got = await (running.doors.at(-1) as WholeDoor).ask(
        proxy,
        port,
        sent,
        want === 200 ? [] : [toSignIn],
      )
      assert.ok('status' in got, JSON.stringify(got))
      assert.equal(got.status, want, got.body)
      if (want === 200) assert.match(got.body, /^echo kubeflow\/katib-ui/)
    })
  }
})

function entrance(door: Door) {
  const proxy = door.gateway()
  const [listener] = door.listeners(proxy).listeners
  assert.ok(listener)
  return { proxy, port: listener.port }
}
