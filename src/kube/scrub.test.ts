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
import { addressesIn, scrub, wholeWorkload } from './scrub.ts'

const key = randomBytes(32)
const options = { key, anonymize: false }
const jwt = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from('{"sub":"hunter2"}').toString('base64url')}.c2ln`
const pem = '-----BEGIN RSA PRIVATE KEY-----\nhunter2hunter2\n-----END RSA PRIVATE KEY-----'

const configMap = (data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'dex' },
  data,
})
const deployment = (container: object, annotations: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', annotations },
  spec: {
    template: { metadata: { annotations }, spec: { containers: [{ name: 'c', image: 'i', ...container }] } },
  },
})
const spec = (kind: string, value: object) => ({
  apiVersion: 'x/v1',
  kind,
  metadata: { name: 'x' },
  spec: value,
})

const hidden: readonly (readonly [where: string, object: Record<string, unknown>])[] = [
  ['a telling variable', deployment({ env: [{ name: 'DB_PASSWORD', value: 'hunter2' }] })],
  ['a key of a cloud', deployment({ env: [{ name: 'AWS_SECRET_ACCESS_KEY', value: 'hunter2/x+y' }] })],
  ['a variable nobody knows', deployment({ env: [{ name: 'WHATEVER', value: 'hunter2' }] })],
  [
    'digits in a variable nobody knows',
    deployment({ env: [{ name: 'FRONT_DOOR', value: '8412341234hunter2' }] }),
  ],
  [
    'a password in a URL',
    deployment({ env: [{ name: 'OIDC_STORE', value: 'redis://:hunter2@redis:6379' }] }),
  ],
  ['a token in a known variable', deployment({ env: [{ name: 'ISTIO_META_X', value: `x ${jwt}` }] })],
  ['--flag=value', deployment({ args: ['--client-secret=hunter2'] })],
  ['--flag value', deployment({ args: ['--redis-password', 'hunter2'] })],
  [
    'a shell line',
    deployment({ command: ['sh', '-c', 'export PASSWORD=hunter2; exec run --token="hunter2"'] }),
  ],
  [
    'an init container',
    {
      ...deployment({}),
      spec: {
        template: { spec: { initContainers: [{ name: 'i', env: [{ name: 'X_TOKEN', value: 'hunter2' }] }] } },
      },
    },
  ],
  ['an annotation by its name', deployment({}, { 'corp.example/api-token': 'hunter2' })],
  ['an annotation with JSON', deployment({}, { 'corp.example/settings': '{"clientSecret":"hunter2"}' })],
  [
    'an nginx snippet',
    deployment(
      {},
      { 'nginx.ingress.kubernetes.io/configuration-snippet': 'proxy_set_header X-Api "hunter2";' },
    ),
  ],
  ['last-applied', deployment({}, { 'kubectl.kubernetes.io/last-applied-configuration': 'hunter2' })],
  ['YAML', configMap({ 'config.yaml': 'connectors:\n- config:\n    bindPW: hunter2\n' })],
  ['a block of YAML', configMap({ 'config.yaml': 'a:\n  bindPW: |\n    hunter2\n    more hunter2\n' })],
  ['flow YAML', configMap({ 'config.yaml': 'staticClients: [{id: x, secret: hunter2}]\n' })],
  ['JSON on one line', configMap({ credentials_json: '{"a":{"clientSecret":"hunter2"}}' })],
  ['JSON under another key', configMap({ config: '{"oauth":{"client_secret":"hunter2","n":1}}' })],
  ['a number', configMap({ config: 'password: 8412341234\n# hunter2\nx: {y: 1}' })],
  ['a list of pairs', configMap({ config: 'env:\n- name: API_KEY\n  value: hunter2\n' })],
  [
    'TOML',
    configMap({
      'oauth2_proxy.cfg':
        '# client_secret = "hunter2"\nclient_secret = "hunter2"\ncookie_secret="hunter2"\nredis_password = hunter2\n',
    }),
  ],
  ['properties', configMap({ 'app.properties': 'spring.datasource.password=hunter2\n' })],
  [
    'a comment in YAML',
    configMap({ 'config.yaml': 'issuer: http://dex\n# password: hunter2\nstorage: {type: memory}\n' }),
  ],
  ['a whole entry', configMap({ clientSecret: 'hunter2\n' })],
  ['a private key', configMap({ 'tls.pem': pem })],
  ['a private key in YAML', configMap({ config: `tls:\n  pem: |\n    ${pem.replaceAll('\n', '\n    ')}\n` })],
  [
    'a bcrypt hash anywhere',
    configMap({ config: 'people: {a: "$2a$10$hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunt"}' }),
  ],
  ['binary data', { ...configMap({}), binaryData: { a: Buffer.from('hunter2').toString('base64') } }],
  [
    'Lua: a header',
    spec('EnvoyFilter', {
      inlineCode: 'function envoy_on_request(h)\n  h:headers():add("x-api-key", "hunter2")\nend',
    }),
  ],
  [
    'Lua: a comparison',
    spec('EnvoyFilter', { inlineCode: "if h:headers():get('x') == 'hunter2' then return end" }),
  ],
  ['Lua: a comment', spec('EnvoyFilter', { inlineCode: '-- hunter2\n--[[ hunter2 ]] x()' })],
  ['Lua: a long bracket', spec('EnvoyFilter', { inlineCode: 'local s = [==[hunter2]==]' })],
  ['Lua: an escaped quote', spec('EnvoyFilter', { inlineCode: 'local s = "a\\"hunter2"' })],
  [
    'Lua: a header of another name',
    spec('EnvoyFilter', {
      default_source_code: { inline_string: 'h:headers():replace("x-team", "hunter2")' },
    }),
  ],
  [
    'a header an EnvoyFilter adds',
    spec('EnvoyFilter', {
      patch: { value: { request_headers_to_add: [{ header: { key: 'x-api-key', value: 'hunter2' } }] } },
    }),
  ],
  [
    'Authorization a route sets',
    spec('VirtualService', {
      http: [{ headers: { request: { set: { Authorization: 'Basic hunter2hunter2' } } } }],
    }),
  ],
  [
    'x-api-key a route adds',
    spec('VirtualService', { http: [{ headers: { request: { add: { 'x-api-key': 'hunter2' } } } }] }),
  ],
  [
    'a header a route asks for',
    spec('VirtualService', { http: [{ match: [{ headers: { 'x-api-key': { exact: 'hunter2' } } }] }] }),
  ],
  [
    'a cookie a route asks for',
    spec('VirtualService', { http: [{ match: [{ headers: { cookie: { regex: '.*s=hunter2.*' } } }] }] }),
  ],
  [
    'a header a policy asks for',
    spec('AuthorizationPolicy', {
      rules: [{ when: [{ key: 'request.headers[x-api-key]', values: ['hunter2'] }] }],
    }),
  ],
  [
    'the same, denied',
    spec('AuthorizationPolicy', {
      rules: [{ when: [{ key: 'request.headers[authorization]', notValues: ['Bearer hunter2'] }] }],
    }),
  ],
  [
    'a Gateway API header',
    spec('HTTPRoute', {
      rules: [
        { filters: [{ requestHeaderModifier: { set: [{ name: 'Authorization', value: 'hunter2' }] } }] },
      ],
    }),
  ],
  [
    'a shared key in a key set',
    spec('RequestAuthentication', { jwtRules: [{ jwks: '{"keys":[{"kty":"oct","k":"hunter2"}]}' }] }),
  ],
  [
    'a private key in a key set',
    spec('RequestAuthentication', {
      jwtRules: [{ jwks: '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","d":"hunter2"}]}' }],
    }),
  ],
  [
    'a model’s environment',
    spec('InferenceService', {
      predictor: {
        containers: [{ env: [{ name: 'HF_TOKEN', value: 'hunter2' }], args: ['--api-key', 'hunter2'] }],
      },
    }),
  ],
  [
    'a Knative Service',
    spec('Service', { template: { spec: { containers: [{ env: [{ name: 'X', value: 'hunter2' }] }] } } }),
  ],
  ['a PodDefault', spec('PodDefault', { env: [{ name: 'MLFLOW_TRACKING_PASSWORD', value: 'hunter2' }] })],
  ['a Wasm plug-in', spec('WasmPlugin', { pluginConfig: { clientSecret: 'hunter2' } })],
  ['a proxy’s environment', spec('ProxyConfig', { environmentVariables: { API_TOKEN: 'hunter2' } })],
  [
    'a Secret',
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data: { a: Buffer.from('hunter2').toString('base64') },
      stringData: { b: 'hunter2' },
    },
  ],
  [
    'a Secret that calls itself a certificate',
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data: { 'tls.crt': Buffer.from(`${pem}hunter2`).toString('base64') },
    },
  ],
  ['a status', { ...spec('Service', {}), status: { note: 'hunter2' } }],
]
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
