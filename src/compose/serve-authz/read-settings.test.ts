/** What `serve authz` runs by, and what it refuses to start with. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault, renderProblem } from '../../base/index.ts'
import { loadSettings } from './load-settings.ts'
import { overridesOf } from './overrides.ts'
import { readAuthzSettings } from './read-settings.ts'
import { viewSettings } from './view.ts'

const signIn = `
signIn:
  issuer: https://dex.example.com/dex
  clientId: kfdoor
  clientSecret: s3cret
`
const read = (text: string, env: Record<string, string> = {}, flags = {}) => {
  const { overrides, problems } = overridesOf(env, flags)
  const result = readAuthzSettings({ file: 'authz.yaml', text }, overrides)
  return { ...result, problems: [...problems, ...result.problems].map(renderProblem) }
}

const wrong: readonly (readonly [text: string, problem: string])[] = [
  ['', 'authz.yaml:1: document names neither a `signIn` nor an issuer of `machines`: nobody could come in'],
  [`listne: x${signIn}`, 'authz.yaml:1: listne is not a field this service knows'],
  [`listen: x${signIn}`, 'authz.yaml:1: listen is `x`, which is not ADDRESS:PORT'],
  [
    `listen: 127.0.0.1:70000${signIn}`,
    'authz.yaml:1: listen is `127.0.0.1:70000`, which is not ADDRESS:PORT',
  ],
  [`pathPrefix: check${signIn}`, 'authz.yaml:1: pathPrefix is not a path such as `/check`'],
  [
    `trustedProxies: [10.0.0.0/8, here]${signIn}`,
    'authz.yaml:1: trustedProxies holds `here`, which is no address range',
  ],
  [`scheme: ftp${signIn}`, 'authz.yaml:1: scheme is `ftp`, not one of `https`, `http`'],
  [`sessions: redi${signIn}`, 'authz.yaml:1: sessions is none of `memory`'],
  [`identity: {userHeader: "a b"}${signIn}`, 'authz.yaml:1: identity.userHeader is not a header name'],
  [`drain: 5${signIn}`, 'authz.yaml:1: drain has to be a string, put it in quotes'],
  ['signIn: {issuer: https://x.example}', 'authz.yaml:1: signIn has no `clientId`'],
  ['signIn: {issuer: x, clientId: y}', 'authz.yaml:1: signIn.issuer is not a URL'],
  [`${signIn}  exempt: ["("]`, 'authz.yaml:6: signIn.exempt[0] is no Go regular expression: '],
  [
    `${signIn}  clientSecretFile: /nowhere`,
    'authz.yaml:5: signIn.clientSecret is given twice: in a file too',
  ],
  [
    'machines: {issuers: [{issuer: https://x.example}]}',
    'authz.yaml:1: machines.issuers[0] has no `audiences`',
  ],
  [
    'machines: {issuers: [{issuer: https://x.example, audiences: [a], transformers: [{matches: "("}]}]}',
    'authz.yaml:1: machines.issuers[0].transformers[0].matches is no Go regular expression: ',
  ],
  ['a: [', 'authz.yaml:1: Flow sequence in block collection must be'],
]
for (const [text, problem] of wrong)
  test(`refused: ${problem}`, () => {
    const { settings, problems } = read(text)
    assert.equal(settings, undefined)
    assert.ok(
      problems.some((one) => one.startsWith(problem)),
      problems.join('\n'),
    )
  })

test('file, over it the environment, over that flags', () => {
  const text = `listen: 127.0.0.1:1${signIn}`
  const env = {
    KFDOOR_AUTHZ_LISTEN: ':2',
    KFDOOR_AUTHZ_CLIENT_ID: 'of-env',
    KFDOOR_AUTHZ_TRUSTED_PROXIES: '10.0.0.1, ::1',
  }
  assert.deepEqual(read(text).settings?.listen, { host: '127.0.0.1', port: 1 })
  assert.deepEqual(read(text, env).settings?.listen, { host: '127.0.0.1', port: 2 })
  const { settings } = read(text, env, { listen: '[::1]:3' })
  assert.deepEqual(settings?.listen, { host: '::1', port: 3 })
  assert.equal(settings?.signIn?.settings.clientId, 'of-env')
  assert.deepEqual(settings?.trustedProxies, ['10.0.0.1', '::1'])
})

test('an environment variable nobody knows is refused, for it may be a mistyped lock', () => {
  const { problems } = read(signIn, { KFDOOR_AUTHZ_TRUSTED_PROXY: '10.0.0.1' })
  assert.deepEqual(problems, ['environment:1: `KFDOOR_AUTHZ_TRUSTED_PROXY` is not a setting of this service'])
})

test('what is wrong in the environment or on the command line is said to be there', () => {
  assert.deepEqual(read(signIn, { KFDOOR_AUTHZ_SCHEME: 'x' }).problems, [
    'environment:1: `KFDOOR_AUTHZ_SCHEME` is `x`, not one of `https`, `http`',
  ])
  assert.deepEqual(read(signIn, {}, { grpcListen: 'x' }).problems, [
    'command line:1: `--grpc-listen` is `x`, which is not ADDRESS:PORT',
  ])
})

test('the API server is known by both its names, unless others are given', () => {
  const text = 'machines: {kubernetes: {audiences: [a]}}'
  assert.deepEqual(read(text).settings?.machines.kubernetes?.issuers, [
    'https://kubernetes.default.svc.cluster.local',
    'https://kubernetes.default.svc',
  ])
})

test('a view shows no secret', () => {
  const { settings } = read(signIn)
  assert.ok(settings)
  for (const output of ['yaml', 'json'] as const) {
    const text = viewSettings(settings, output)
    assert.doesNotMatch(text, /s3cret/)
    assert.match(text, /REDACTED/)
  }
})

test("Kubeflow's published secret stays on loopback", () => {
  const env = {
    KFDOOR_AUTHZ_ISSUER: 'https://dex.example.com/dex',
    KFDOOR_AUTHZ_CLIENT_ID: 'kfdoor',
    KFDOOR_AUTHZ_CLIENT_SECRET: 'pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok',
  }
  const load = (listen: string, allowPublishedSecrets = false) =>
    loadSettings({ env, flags: { listen }, allowPublishedSecrets }, () => {})
  assert.equal(load('127.0.0.1:0').listen.port, 0)
  assert.equal(load('0.0.0.0:0', true).listen.host, '0.0.0.0')
  assert.throws(
    () => load('0.0.0.0:0'),
    (error) => isFault(error) && error.code === 'ERR_SETTINGS_INVALID' && /published/.test(error.message),
  )
})
