import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Principal, parsePrincipal } from '../../policy/index.ts'
import { isSame, type Permissions, refusalOf } from './polite.ts'
import type { PredictedWitness } from './prediction.ts'

const principal = (text: string) => parsePrincipal(text) as Principal
const none: Permissions = {
  probeForged: false,
  ownNamespaces: [],
  wake: false,
  allowPost: false,
  mint: false,
}

function aWitness(
  over: Partial<PredictedWitness> & { readonly line?: string; readonly as?: string } = {},
): PredictedWitness {
  const { line = 'GET https://kubeflow.example.com/pipeline/', as = 'anonymous', ...rest } = over
  const [method = '', url = ''] = line.split(' ')
  return {
    principal: principal(as),
    witness: { method, url, headers: [] },
    prediction: { verdict: 'allow', reason: 'allowed' },
    ...rest,
  }
}

const me = 'user:me@example.com'
const host = 'https://kubeflow.example.com'

const rows: readonly (readonly [
  asked: PredictedWitness,
  allowed: Partial<Permissions>,
  refusal: RegExp | undefined,
  why: string,
])[] = [
  [aWitness(), {}, undefined, 'anybody may ask as nobody'],
  [aWitness({ as: me }), {}, undefined, 'one’s own credential'],
  [aWitness({ as: 'user:other@example.com' }), {}, /somebody else/, 'another person’s session'],
  [aWitness({ as: 'user:other@example.com' }), { mint: true }, /somebody else/, 'which nothing mints'],
  [aWitness({ as: 'sa:team/default' }), {}, /--mint/, 'another account’s token'],
  [aWitness({ as: 'sa:team/default' }), { mint: true }, undefined, 'asked for with --mint'],
  [aWitness({ as: 'sa:team/default,exp=past' }), { mint: true }, /ran out/, 'nobody keeps old tokens'],
  [aWitness({ as: 'sa:team/default,iss=https://x' }), { mint: true }, /issuer/, 'nor makes foreign ones'],
  [
    aWitness({ as: 'sa:team/default,iss=https://kubernetes.default.svc' }),
    { mint: true },
    undefined,
    'the cluster’s own issuer is no foreign one',
  ],
  [aWitness({ as: 'mesh:team/default' }), { mint: true }, /pod/, 'from inside'],
  [aWitness({ as: 'outside' }), { mint: true }, /pod/, 'from inside without a sidecar'],
  [aWitness({ line: `POST ${host}/x` }), {}, /--allow-post/, 'POST'],
  [aWitness({ line: `POST ${host}/x` }), { allowPost: true }, undefined, 'POST with --allow-post'],
  [aWitness({ line: `DELETE ${host}/x` }), { allowPost: true }, /change/, 'nothing allows DELETE'],
  [aWitness({ line: `PUT ${host}/x` }), { allowPost: true }, /change/, 'nor PUT'],
  [aWitness({ line: `OPTIONS ${host}/x` }), {}, undefined, 'OPTIONS reads'],
  [aWitness({ line: `TRACE ${host}/x` }), {}, /never/, 'TRACE'],
  ...[
    '/oauth2/sign_out',
    '/logout',
    '/authservice/logout',
    '/dex/logout/',
    '/oauth2/%73ign_out',
    '/x/SignOut',
  ].map(
    (path) =>
      [
        aWitness({ line: `GET ${host}${path}` }),
        { allowPost: true },
        /session/,
        `sign-out: ${path}`,
      ] as const,
  ),
  ...['/v2/repository/models/iris/load', '/v2/repository/models/iris/unload', '/x/%6coad', '/x/%256coad'].map(
    (path) =>
      [
        aWitness({ line: `POST ${host}${path}` }),
        { allowPost: true, wake: true },
        /loads/,
        `repository: ${path}`,
      ] as const,
  ),
  ...[
    '/notebook/team/nb/api/kernels',
    '/notebook/team/nb/api/kernels/1/channels',
    '/notebook/a/b/terminals/1',
    '/n/API//kernels',
  ].map((path) => [aWitness({ line: `GET ${host}${path}` }), {}, /kernels/, `kernel: ${path}`] as const),
  [
    aWitness({ line: `GET ${host}/short`, paths: ['/v2/repository/models/iris/load'] }),
    {},
    /loads/,
    'what the workload reads after a rewrite counts',
  ],
  [aWitness({ wakes: 'model team/iris' }), {}, /--wake/, 'a model at zero'],
  [aWitness({ wakes: 'model team/iris' }), { wake: true }, undefined, 'with --wake'],
  [
    aWitness({ as: 'anonymous+forged', namespaces: ['mine'] }),
    { ownNamespaces: ['mine'] },
    /--probe-forged/,
    'forged',
  ],
  [
    aWitness({ as: 'anonymous+forged', namespaces: ['mine'] }),
    { probeForged: true, ownNamespaces: ['mine'] },
    undefined,
    'forged, against one’s own namespace',
  ],
  [
    aWitness({ as: 'anonymous+forged', namespaces: ['theirs'] }),
    { probeForged: true, ownNamespaces: ['mine'] },
    /of yours: mine/,
    'forged, against another’s',
  ],
  [
    aWitness({ as: 'anonymous+forged', namespaces: ['mine', 'theirs'] }),
    { probeForged: true, ownNamespaces: ['mine'] },
    /of yours/,
    'forged, against both',
  ],
  [
    aWitness({ as: 'anonymous+forged', namespaces: [] }),
    { probeForged: true, ownNamespaces: ['mine'] },
    /of yours/,
    'forged, against nobody knows whom',
  ],
  [
    aWitness({ as: 'anonymous+forged', namespaces: ['a'] }),
    { probeForged: true },
    /none is known/,
    'no namespace',
  ],
  [
    aWitness({ prediction: { verdict: 'unknown', reason: 'lua' } }),
    {},
    /cannot tell: lua/,
    'nothing to compare with',
  ],
  [
    aWitness({ witness: { method: 'GET', url: host, headers: [], from: '10.1.2.3' } }),
    {},
    /come from 10\.1\.2\.3/,
    'an address nobody here has',
  ],
]

for (const [asked, allowed, refusal, why] of rows) {
  test(`${why}: ${refusal === undefined ? 'asked' : `not asked, ${refusal.source}`}`, () => {
    const said = refusalOf(asked, principal(me), { ...none, ...allowed })
    if (refusal === undefined) assert.equal(said, undefined)
    else assert.match(said ?? 'asked', refusal)
  })
}

const same: readonly (readonly [one: string, other: string, is: boolean, why: string])[] = [
  ['sa:a/b,aud=x', 'sa:a/b,aud=x,iss=https://kubernetes.default.svc.cluster.local', true, 'the usual issuer'],
  ['sa:a/b,aud=x', 'sa:a/b,aud=x,iss=https://kubernetes.default.svc', true, 'in its other spelling'],
  ['sa:a/b,aud=x', 'sa:a/b,aud=x+forged', true, 'whatever else is sent'],
  ['sa:a/b,aud=x', 'sa:a/b,aud=x,iss=https://elsewhere.example', false, 'of another issuer'],
  ['sa:a/b,aud=x', 'sa:a/b,aud=y', false, 'for another audience'],
  ['sa:a/b,aud=x', 'sa:a/c,aud=x', false, 'another account'],
]
for (const [one, other, is, why] of same) {
  test(`${one} and ${other} are ${is ? 'one' : 'two'}: ${why}`, () => {
    assert.equal(isSame(principal(one), principal(other)), is)
  })
}
