/** Secrets hidden where people hide them: none may be left. What the rules and the engine read has to stay. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { parse, stringify } from 'yaml'
import { profileFiles, profileNames } from '../compose/profiles.ts'
import { releaseSignIn } from '../compose/release-answers.ts'
import { lint } from '../lint/index.ts'
import { type Mesh, parseMesh } from '../mesh/index.ts'
import { assumedKeys, type Principal, parsePrincipal } from '../policy/index.ts'
import { accessMap } from '../regions/index.ts'
import { configMap, deployment, hidden, jwt, spec } from './hidden.fixture.ts'
import { addressesIn, scrub, wholeWorkload, withoutAddresses } from './scrub.ts'

const key = randomBytes(32)
const options = { key, anonymize: false }
for (const [where, object] of hidden) {
  test(`${where}: nothing of it is left`, () => {
    const text = JSON.stringify(scrub(object, options))
    assert.doesNotMatch(text, /hunter2|8412341234/, text)
    assert.ok(!text.includes(Buffer.from('hunter2').toString('base64').replace(/=+$/, '')), text)
    assert.ok(!text.includes(jwt))
  })
}

const probed = (command: readonly string[], value: string) => ({
  image: 'quay.io/oauth2-proxy/oauth2-proxy:v7',
  envFrom: [{ secretRef: { name: 'oauth2-proxy' } }],
  lifecycle: { preStop: { exec: { command } } },
  livenessProbe: { httpGet: { path: '/ping', port: 4180, httpHeaders: [{ name: 'Authorization', value }] } },
})
const edited: readonly (readonly [what: string, object: Record<string, unknown>])[] = [
  ...hidden.filter(([, { kind }]) => kind === 'Deployment'),
  ['the header of a probe', deployment(probed(['sleep', '5'], 'Bearer hunter2'))],
  ['a command before it stops', deployment(probed(['curl', '-H', `Authorization: Bearer ${jwt}`], ''))],
]
for (const [where, object] of edited) {
  test(`${where}: no workload that is read whole`, () =>
    assert.equal(wholeWorkload(object, options), undefined))
}

test('a workload with nothing secret in it is read whole, without what only the API server keeps', () => {
  const object = deployment(probed(['sleep', '5'], ''))
  const metadata = { ...object.metadata, uid: 'u', resourceVersion: '1', managedFields: [] }
  assert.deepEqual(wholeWorkload({ ...object, metadata, status: { replicas: 1 } }, options), object)
})

const kept: readonly (readonly [what: string, object: Record<string, unknown>, text: RegExp])[] = [
  [
    'an issuer',
    configMap({ 'config.yaml': 'issuer: http://dex.auth.svc:5556/dex\nstaticClients: [{id: x, secret: a}]' }),
    /dex\.auth\.svc:5556/,
  ],
  [
    'the place of a secret',
    configMap({ 'config.yaml': 'staticClients: [{id: x, secretEnv: OIDC_CLIENT_SECRET}]' }),
    /OIDC_CLIENT_SECRET/,
  ],
  ['a reference', configMap({ 'config.yaml': 'bindPW: $BIND_PW\na: {b: c}' }), /\$BIND_PW/],
  [
    'the header of the user',
    deployment({ env: [{ name: 'USERID_HEADER', value: 'kubeflow-userid' }] }),
    /kubeflow-userid/,
  ],
  [
    'a principal',
    deployment({
      env: [{ name: 'ISTIO_INGRESS_GATEWAY_PRINCIPAL', value: 'cluster.local/ns/istio-system/sa/x' }],
    }),
    /sa\/x/,
  ],
  [
    'a path',
    deployment({ args: ['--config=/etc/oauth2-proxy.cfg', '--skip-jwt-bearer-tokens=true'] }),
    /tokens=true/,
  ],
  [
    'a certificate’s name',
    spec('Gateway', { servers: [{ tls: { credentialName: 'door-tls' } }] }),
    /door-tls/,
  ],
  [
    'a rule on the user’s header',
    spec('AuthorizationPolicy', {
      rules: [{ when: [{ key: 'request.headers[kubeflow-userid]', values: ['a@example.com'] }] }],
    }),
    /a@example\.com/,
  ],
  [
    'the place of a token',
    spec('RequestAuthentication', {
      jwtRules: [
        {
          fromHeaders: [{ name: 'x-auth-token', prefix: 'Bearer ' }],
          fromParams: ['token'],
          forwardOriginalToken: true,
        },
      ],
    }),
    /Bearer .*token.*true/,
  ],
  [
    'a script that moves a header',
    spec('EnvoyFilter', {
      inlineCode: 'function envoy_on_request(h)\n  h:headers():remove("authorization")\nend',
    }),
    /remove\(\\"authorization/,
  ],
  [
    'a public key',
    spec('RequestAuthentication', { jwtRules: [{ jwks: '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}' }] }),
    /AQAB/,
  ],
]
for (const [what, object, text] of kept) {
  test(`${what} stays`, () => assert.match(JSON.stringify(scrub(object, options)), text))
}

test('a text without a secret stays letter for letter, comments too', () => {
  const data = { mesh: '# the mesh\nextensionProviders:\n- name: oauth2-proxy   # asked by the gateway\n' }
  assert.deepEqual((scrub(configMap(data), options) as { data: unknown }).data, data)
})

test('one secret has one fingerprint in a snapshot, another in the next', () => {
  const [one, other] = [key, randomBytes(32)].map((each) =>
    JSON.stringify(scrub(configMap({ password: 'a', secret: 'a' }), { key: each, anonymize: false })),
  )
  assert.equal(new Set(one?.match(/scrubbed:[0-9a-f]{16}/g)).size, 1)
  assert.notEqual(one, other)
})

test('--anonymize: addresses, and the names that are made of them, everywhere alike', () => {
  const objects = [
    {
      apiVersion: 'kubeflow.org/v1',
      kind: 'Profile',
      metadata: { name: 'jane-doe-corp-com' },
      spec: { owner: { kind: 'User', name: 'Jane.Doe@corp.com' } },
    },
    {
      apiVersion: 'rbac/v1',
      kind: 'RoleBinding',
      metadata: {
        name: 'user-jane-doe-corp-com-clusterrole-edit',
        namespace: 'jane-doe-corp-com',
        annotations: { user: 'Jane.Doe@corp.com' },
      },
    },
    spec('AuthorizationPolicy', {
      rules: [{ when: [{ key: 'request.headers[kubeflow-userid]', values: ['Jane.Doe@corp.com'] }] }],
    }),
  ]
  const shown = objects.map((object) =>
    scrub(object, { key, anonymize: true, addresses: addressesIn(objects) }),
  )
  const text = JSON.stringify(shown)
  assert.doesNotMatch(text, /jane|doe|corp/i)
  const ids = new Set(text.match(/user-[0-9a-f]{8}/g))
  assert.equal(ids.size, 1)
})

test('what kfdoor notes at what it wrote stays word for word, of several lines too', () => {
  const gap = '/models/team-a/api-token/v1/models/api-token:predict'
  const annotations = {
    'kfdoor.dev/expose': 'model/team-a/api-token',
    'kfdoor.dev/exempts': `istio-system/sign-in ${gap}\nistio-system/require-jwt ${gap}`,
    'kfdoor.dev/shared-by': `model/team-a/api-token * ${gap}\nservice/team-a/page * /services/team-a/page/*`,
  }
  const object = {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { annotations },
  }
  assert.deepEqual(
    (scrub(object, { key, anonymize: false }) as typeof object).metadata.annotations,
    annotations,
  )
})

test('--anonymize: in URLs, and in what the API server says of who may not read', () => {
  const object = spec('VirtualService', { http: [{ redirect: { uri: '/hello?user=jane.doe%40corp.com' } }] })
  assert.doesNotMatch(JSON.stringify(scrub(object, { key, anonymize: true })), /jane|corp/)
  const refused = 'services is forbidden: User "jane.doe@corp.com" cannot list resource "services"'
  const told = withoutAddresses(refused, { key })
  assert.match(told, /^services is forbidden: User "user-[0-9a-f]{8}@example\.invalid" cannot list/)
  // One person, however the address is written.
  const [id] = told.match(/user-[0-9a-f]{8}/) ?? []
  assert.ok(JSON.stringify(scrub(object, { key, anonymize: true })).includes(id as string))
})

/** Certificates, and published secrets: findings that read a Secret. */
const aboutSecrets = new Set(['KFD0220', 'KFD0225'])

const viewOf = (mesh: Mesh) => {
  const signIn = releaseSignIn(mesh)
  return signIn === undefined ? {} : { signIn }
}

/** Who asks, and what a Secret may decide of the answers: the auth service's client among them. */
const asked = [
  'anonymous',
  'user:user@example.com',
  'sa:kubeflow-user-example-com/default-editor',
  'outside+forged',
].map((name) => parsePrincipal(name) as Principal)

for (const profile of profileNames) {
  for (const withSecrets of [false, true]) {
    test(`${profile} ${withSecrets ? 'with' : 'without'} its Secrets, scrubbed: still the same door`, () => {
      const inputs = profileFiles(profile, { tls: true, demo: true })
      const was = parseMesh(inputs)
      const scrubbed = (text: string) =>
        text
          .split(/^---$/m)
          .map((one) => parse(one) as Record<string, unknown> | null)
          .filter((one) => one !== null && (withSecrets || one.kind !== 'Secret'))
          .map((one) => stringify(scrub(one as Record<string, unknown>, options)))
          .join('---\n')
      const is = parseMesh(inputs.map((input) => ({ ...input, text: scrubbed(input.text) })))
      assert.deepEqual(
        is.problems.filter(({ severity }) => severity === 'error'),
        [],
      )
      const now = 1_800_000_000
      const fates = ({ mesh }: typeof was) =>
        accessMap(mesh, { now, fetched: assumedKeys, principals: asked, ...viewOf(mesh) }).map(
          ({ route, verdict, reason, witness }) => `${route.id} ${verdict} ${reason} ${witness.url}`,
        )
      assert.deepEqual(fates(is), fates(was))
      const codes = ({ mesh, problems }: typeof was) =>
        [...new Set(lint({ mesh, problems, now }).findings.map(({ code }) => code))].sort()
      // That a Secret is published, or missing, can be told of Secrets only.
      const told = (all: readonly string[]) => all.filter((code) => withSecrets || !aboutSecrets.has(code))
      assert.deepEqual(told(codes(is)), told(codes(was)))
    })
  }
}
