/**
 * What the other commands plan, on the real data path: the door after each plan, every gateway and sidecar of it
 * a listener in a real Envoy. What is named works, forged headers do not help, the dashboard stays closed.
 * (`expose` to one account: expose.real.test.ts.)
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { startWholeDoors, type WholeDoor } from '../conformance/envoy/whole-door.ts'
import { usualAudience } from '../src/planner/index.ts'
import { type CheckAnswer, compileDoor, type Door } from '../src/policy/index.ts'
import { planned } from './change/planned.ts'

const cluster = 'https://kubernetes.default.svc.cluster.local'
const dex = 'http://dex.auth.svc.cluster.local:5556/dex'
const keys = await generateKeyPair('RS256')
const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }
/** Whatever a rule names serves this key. */
const fetched = (uri: string) =>
  uri.endsWith('/.well-known/openid-configuration')
    ? JSON.stringify({ issuer: uri.slice(0, uri.indexOf('/.well-known')), jwks_uri: `${uri}/keys` })
    : JSON.stringify({ keys: [jwk] })

function signed(
  issuer: string,
  subject: string,
  audience: string,
  more: Readonly<Record<string, unknown>> = {},
) {
  return new SignJWT(more)
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(keys.privateKey)
}

type Headers = readonly (readonly [string, string])[]
const account = async (name = 'team-a:ci', audience = usualAudience): Promise<Headers> => [
  ['authorization', `Bearer ${await signed(cluster, `system:serviceaccount:${name}`, audience)}`],
]
const [named, other, elsewhere, pipelines] = await Promise.all([
  account(),
  account('team-a:other'),
  account('team-a:ci', 'elsewhere'),
  account('kubeflow:ci'),
])
const forged: Headers = [
  ['kubeflow-userid', 'user@example.com'],
  ['kubeflow-groups', 'ml'],
  ['x-auth-request-email', 'user@example.com'],
]
const cookie: Headers = [['cookie', 'session=of-somebody']]
const toSignIn: CheckAnswer = { status: 302, headers: [['location', '/dex/auth']] }

/** What oauth2-proxy says of somebody's session. */
async function session(email: string, groups: readonly string[] = []): Promise<CheckAnswer> {
  const id = await signed(dex, email, 'kubeflow-oidc-authservice', { email, email_verified: true, groups })
  return {
    status: 200,
    headers: [
      ['authorization', `Bearer ${id}`],
      ['kubeflow-userid', email],
      ['kubeflow-groups', groups.join(',')],
      ['x-auth-request-email', email],
    ],
  }
}
const [user, stranger, member] = await Promise.all([
  session('user@example.com'),
  session('somebody-else@example.com'),
  session('somebody-else@example.com', ['ml']),
])

const inside = 'sklearn-iris.kserve-test.svc.cluster.local'

const base = '/models/kubeflow-user-example-com/sklearn-iris/v1/models/sklearn-iris'
const predictor = /^echo kubeflow-user-example-com\/sklearn-iris-predictor/

type Row = readonly [
  what: string,
  request: readonly [method: string, path: string, headers: Headers, host?: string],
  answers: readonly CheckAnswer[],
  want: number,
  body?: RegExp,
]

/** At every door of these, whatever was planned. */
const closed: readonly Row[] = [
  ['the dashboard asks to sign in', ['GET', '/', []], [toSignIn], 302],
  ['and is not fooled by headers', ['GET', '/', forged], [toSignIn], 302],
]

interface Asked {
  readonly command: keyof typeof planned
  readonly rows: readonly Row[]
  /** At the gateway for calls inside. */
  readonly local?: readonly Row[]
  /** At the gateway's port for https. */
  readonly secure?: readonly Row[]
}

const within: Row = [
  'a pod’s call to the model is not asked to sign in',
  ['POST', '/v1/models/sklearn-iris:predict', [], inside],
  [],
  200,
  /^echo kserve-test\/iris/,
]

/** Nobody is asked and nobody is reached: a question would show as 418. */
const redirects: readonly Row[] = [
  ['http is redirected before anybody is asked', ['GET', '/', []], [], 301],
  ['with forged headers too', ['GET', '/', forged], [], 301],
  ['with a token for the door too', ['GET', '/', named], [], 301],
  ['with a session’s cookie too', ['GET', '/pipeline', cookie], [], 301],
  ['with another method too', ['POST', `${base}:predict`, named], [], 301],
  ['what a browser asks first too', ['OPTIONS', '/', [['origin', 'https://x.example']]], [], 301],
  ['where nobody signs in too', ['GET', '/dex/auth', []], [], 301],
  ['for another host too', ['DELETE', '/', forged, 'x.example'], [], 301],
  ['who says it was https is not believed', ['GET', '/', [['x-forwarded-proto', 'https']]], [], 301],
]

const asks: readonly Asked[] = [
  ...(['tls enable --secret', 'tls enable --cert-manager'] as const).map((command) => ({
    command,
    rows: redirects,
    secure: [
      ...closed,
      ['who has a session gets through', ['GET', '/', cookie], [user], 200, /centraldashboard/],
      ['an account gets through as before', ['GET', '/', named], [], 200, /centraldashboard/],
      ['a made-up token is refused', ['GET', '/', [['authorization', 'Bearer a.b.c'], ...forged]], [], 401],
      ['the way to sign in is open', ['GET', '/dex/auth', []], [], 200, /dex/],
    ] satisfies readonly Row[],
  })),
  {
    command: 'm2m enable',
    rows: [
      ...closed,
      ['an account with a token for the door gets through', ['GET', '/', named], [], 200, /centraldashboard/],
      ['forged headers beside the token change nothing', ['GET', '/', [...named, ...forged]], [], 200],
      ['a token for another audience does not', ['GET', '/', elsewhere], [], 403],
    ],
  },
  {
    command: 'expose --to user',
    rows: [
      ...closed,
      ['the named person predicts', ['POST', `${base}:predict`, cookie], [user], 200, predictor],
      ['another person is refused', ['POST', `${base}:predict`, cookie], [stranger], 403],
      [
        'nor do forged headers help them',
        ['POST', `${base}:predict`, [...cookie, ...forged]],
        [stranger],
        403,
      ],
      ['an account is refused', ['POST', `${base}:predict`, named], [], 403],
      ['nobody known is asked to sign in', ['POST', `${base}:predict`, forged], [toSignIn], 302],
    ],
  },
  {
    command: 'expose --to group',
    rows: [
      ...closed,
      ['a member predicts', ['POST', `${base}:predict`, cookie], [member], 200, predictor],
      ['who is no member is refused', ['POST', `${base}:predict`, cookie], [stranger], 403],
      [
        'a made-up group is not believed',
        ['POST', `${base}:predict`, [...cookie, ...forged]],
        [stranger],
        403,
      ],
    ],
  },
  {
    command: 'expose --methods GET --until',
    rows: [
      ...closed,
      ['the named account reads', ['GET', base, named], [], 200, predictor],
      ['and does nothing else', ['POST', `${base}:predict`, named], [], 403],
      ['another account does not read', ['GET', base, other], [], 403],
    ],
  },
  {
    command: 'unexpose',
    rows: [
      ...closed,
      [
        'the account gets to no model by that path',
        ['POST', `${base}:predict`, named],
        [],
        200,
        /centraldashboard/,
      ],
      ['nobody known is asked to sign in there', ['POST', `${base}:predict`, []], [toSignIn], 302],
    ],
  },
  {
    command: 'expose pipelines',
    rows: [
      ...closed,
      [
        'its account comes as far as the application that decides',
        ['GET', '/pipeline/apis/v2beta1/runs?namespace=kubeflow-user-example-com', pipelines],
        [],
        200,
        /ml-pipeline-ui/,
      ],
      ['nobody known is asked to sign in', ['GET', '/pipeline/apis/v2beta1/runs', forged], [toSignIn], 302],
    ],
  },
  {
    command: 'split-gateway',
    rows: closed,
    local: [within],
  },
  {
    command: 'migrate authn-filter --by hosts',
    rows: closed,
    local: [within],
  },
  {
    command: 'migrate authn-filter --by paths',
    rows: [
      ...closed,
      [
        'below the path nobody is asked, which the plan says',
        ['GET', '/v1/x', []],
        [],
        200,
        /centraldashboard/,
      ],
    ],
    local: [within],
  },
]

const standing = asks.map(({ command }) => {
  const { world, intend } = planned[command]
  const before = world()
  const { mesh } = before.after(intend(before))
  const engine = { fetched }
  return { mesh, engine, door: compileDoor(mesh, engine) }
})

let running: Awaited<ReturnType<typeof startWholeDoors>>
before(async () => {
  running = await startWholeDoors(standing)
})
after(() => running?.close())

for (const [index, { command, rows, local = [], secure = [] }] of asks.entries()) {
  describe(`the door after ${command}, in a real Envoy`, () => {
    const all = [
      ...rows.map((row) => ({ row, port: 8080 })),
      ...local.map((row) => ({ row, port: 8081 })),
      ...secure.map((row) => ({ row, port: 8443 })),
    ]
    for (const { row, port } of all) {
      const [what, [method, path, headers, host = 'kubeflow.example.com'], answers, want, body] = row
      test(what, async () => {
        const whole = running.doors[index] as WholeDoor
        const { door } = standing[index] as (typeof standing)[number]
        const proxy = gatewayAt(door, port)
        assert.equal(whole.refusal(proxy, port), undefined)
        const scheme = port === 8443 ? 'https' : 'http'
        const got = await whole.ask(
          proxy,
          port,
          { scheme, method, host, path, headers, ...(port === 8443 && { sni: host }) },
          answers,
        )
        assert.ok('status' in got, JSON.stringify(got))
        assert.equal(got.status, want, got.body)
        if (body !== undefined) assert.match(got.body, body)
      })
    }
  })
}

function gatewayAt(door: Door, port: number) {
  const found = door.gateways.find((proxy) =>
    door.listeners(proxy).listeners.some((listener) => listener.port === port),
  )
  assert.ok(found, `no gateway listens on ${port}`)
  return found
}
