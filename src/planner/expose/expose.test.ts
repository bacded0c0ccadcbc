import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asked, intend } from '../../../e2e/change/ask-exposure.ts'
import { isFault } from '../../base/index.ts'
import { type ProfileName, profileFiles } from '../../compose/profiles.ts'
import type { MeshInput } from '../../mesh/index.ts'
import { applyChanges } from '../apply-changes.ts'
import type { Change } from '../plan.ts'
import { readRawDoor } from '../raw-door.ts'
import { type ExposeAsk, usualAudience } from './ask.ts'
import { unexpose } from './unexpose.ts'

const filesOf = (name: ProfileName) => profileFiles(name, { tls: false, demo: true })

const ask = (more: Partial<ExposeAsk> = {}): ExposeAsk => ({
  kind: 'model',
  name: 'sklearn-iris',
  to: [{ kind: 'sa', namespace: 'team-a', name: 'ci' }],
  public: false,
  audience: usualAudience,
  jwksUri: 'http://keys.istio-system.svc.cluster.local/keys',
  timeout: '300s',
  ...more,
})

const after = (inputs: readonly MeshInput[], changes: readonly Change[]) =>
  applyChanges(inputs, changes, 'kfdoor-new.yaml')

const base = '/models/kubeflow-user-example-com/sklearn-iris'
const predict = `${base}/v1/models/sklearn-iris:predict`
const ci = `sa:team-a/ci,aud=${usualAudience}`

/** What an account needs on each release, and what it does not. */
const releases: readonly (readonly [name: ProfileName, kinds: readonly string[]])[] = [
  ['26.03', ['AuthorizationPolicy', 'AuthorizationPolicy', 'VirtualService']],
  ['v1.9', ['AuthorizationPolicy', 'AuthorizationPolicy', 'VirtualService']],
  [
    'v1.8',
    [
      'AuthorizationPolicy',
      'AuthorizationPolicy',
      'RequestAuthentication',
      'RequestAuthentication',
      'VirtualService',
    ],
  ],
  [
    'v1.6',
    [
      'AuthorizationPolicy',
      'AuthorizationPolicy',
      'EnvoyFilter',
      'RequestAuthentication',
      'RequestAuthentication',
      'VirtualService',
    ],
  ],
]

for (const [name, kinds] of releases) {
  describe(`one account is let in on ${name}`, () => {
    const before = filesOf(name)
    const intended = intend(before, ask())
    const opened = after(before, intended.changes)

    test('with these objects, all of them new', () => {
      assert.deepEqual(
        intended.changes.map(({ op, object }) => `${op} ${object.kind}`).sort(),
        kinds.map((kind) => `create ${kind}`),
      )
    })

    const rows: readonly (readonly [as: string, method: string, path: string, want: string | RegExp])[] = [
      [ci, 'POST', predict, 'allow'],
      [ci, 'GET', `${base}/v1/models/sklearn-iris`, 'allow'],
      [`${ci}+forged`, 'POST', predict, 'allow'],
      [ci, 'DELETE', predict, 'deny'],
      ['sa:team-a/ci,aud=another', 'POST', predict, /^(deny|challenge)$/],
      ['sa:team-a/other', 'POST', predict, /^(deny|challenge)$/],
      [`sa:team-a/other,aud=${usualAudience}+forged`, 'POST', predict, 'deny'],
      [
        `sa:team-a/ci,iss=https://elsewhere.example,aud=${usualAudience}`,
        'POST',
        predict,
        /^(deny|challenge)$/,
      ],
      ['anonymous', 'POST', predict, /^(deny|challenge)$/],
      ['anonymous+forged', 'POST', predict, /^(deny|challenge)$/],
      ['user:user@example.com', 'POST', predict, 'deny'],
      ['anonymous', 'GET', '/', 'challenge'],
      ['anonymous+forged', 'GET', `${base}/`, 'challenge'],
      ['anonymous', 'POST', `${predict}/x`, 'challenge'],
      ['user:user@example.com', 'GET', '/', 'allow'],
    ]
    for (const [as, method, path, want] of rows) {
      test(`${as} ${method} ${path}: ${want}`, () => {
        assert.match(
          asked(opened, as, method, path),
          typeof want === 'string' ? new RegExp(`^${want}$`) : want,
        )
      })
    }

    test('nobody who is not named gains anything, and nothing becomes public', () => {
      const { access } = intended
      assert.ok(access)
      const others = [...access.gained, ...access.changed].filter(
        ({ principal }) => !principal.startsWith(ci),
      )
      assert.deepEqual(others, [])
      assert.deepEqual(access.public, [])
    })

    test('unexpose gives every text back', () => {
      const back = after(
        opened,
        unexpose(readRawDoor(opened), { kind: 'model', name: 'sklearn-iris' }).changes,
      )
      assert.deepEqual(
        back.filter(({ text }) => text !== '').map(({ file, text }) => [file, text]),
        before.map(({ file, text }) => [file, text]),
      )
    })
  })
}

describe('to anyone with the URL, and back to one account', () => {
  const before = filesOf('v1.9')
  const open = intend(before, ask({ public: true, to: [] }))
  const opened = after(before, open.changes)

  test('takes exactly its paths out of both locks', () => {
    const edits = open.changes.filter(({ op }) => op === 'update').map(({ object }) => object.name)
    assert.deepEqual(edits.sort(), ['istio-ingressgateway-oauth2-proxy', 'istio-ingressgateway-require-jwt'])
    assert.equal(asked(opened, 'anonymous', 'POST', predict), 'allow')
    assert.equal(asked(opened, 'anonymous', 'DELETE', predict), 'deny')
    assert.equal(asked(opened, 'anonymous', 'POST', `${predict}x`), 'challenge')
    assert.equal(asked(opened, 'anonymous', 'GET', '/'), 'challenge')
    assert.ok(open.access?.public.length)
  })

  test('exposed anew to one account the locks are whole again', () => {
    const narrow = intend(opened, ask())
    assert.match(narrow.risks.join('\n'), /takes the place of an earlier exposure: anyone had it/)
    const closed = after(opened, narrow.changes)
    const policies = ({ file }: MeshInput) => file.endsWith('policies.yaml')
    assert.deepEqual(
      closed.filter(policies).map(({ text }) => text),
      before.filter(policies).map(({ text }) => text),
    )
    assert.equal(asked(closed, 'anonymous', 'POST', predict), 'challenge')
    assert.equal(asked(closed, ci, 'POST', predict), 'allow')
    assert.deepEqual(intend(closed, ask()).changes, [], 'asked for again, nothing has to change')
  })
})

test('people by mail and by group, at a door that hands on tokens', () => {
  const before = filesOf('v1.9')
  const to = [
    { kind: 'user', email: 'contributor@example.com' },
    { kind: 'group', name: 'ml' },
  ] as const
  const opened = after(before, intend(before, ask({ to })).changes)
  assert.equal(asked(opened, 'user:contributor@example.com', 'POST', predict), 'allow')
  assert.equal(asked(opened, 'user:x@example.com,groups=ml', 'POST', predict), 'allow')
  assert.equal(asked(opened, 'user:x@example.com,groups=mlx+forged', 'POST', predict), 'deny')
  assert.equal(asked(opened, 'anonymous', 'POST', predict), 'challenge')
  assert.equal(asked(opened, ci, 'POST', predict), 'deny')
})

test('a notebook keeps who has it, and takes one account more', () => {
  const before = filesOf('v1.9')
  const { changes, access } = intend(before, ask({ kind: 'notebook', name: 'my-notebook' }))
  const opened = after(before, changes)
  const path = '/notebook/kubeflow-user-example-com/my-notebook/lab'
  assert.equal(asked(opened, ci, 'GET', path), 'allow')
  assert.equal(asked(opened, 'user:user@example.com', 'GET', path), 'allow')
  assert.equal(asked(opened, 'user:contributor@example.com', 'GET', path), 'allow')
  assert.equal(asked(opened, 'sa:team-a/other', 'GET', path), 'deny')
  assert.equal(asked(opened, 'anonymous', 'GET', path), 'challenge')
  assert.deepEqual(
    [...new Set(access?.gained.map(({ principal }) => principal.replace('+forged', '')))],
    [ci],
  )
})

test('on a host of its own there is no rewriting, and the dashboard is not on it', () => {
  const before = filesOf('v1.9')
  const opened = after(before, intend(before, ask({ host: 'iris.example.com' })).changes)
  const path = '/v1/models/sklearn-iris:predict'
  assert.equal(asked(opened, ci, 'POST', path, 'iris.example.com'), 'allow')
  assert.equal(asked(opened, 'sa:team-a/other', 'POST', path, 'iris.example.com'), 'deny')
  assert.match(asked(opened, 'user:user@example.com', 'GET', '/', 'iris.example.com'), /^(deny|not-found)$/)
  assert.equal(asked(opened, 'user:user@example.com', 'GET', '/'), 'allow')
})

test('a Service of any namespace, below its own path', () => {
  const service = { kind: 'service', name: 'katib-ui', namespace: 'kubeflow' } as const
  const before = filesOf('v1.9')
  const opened = after(before, intend(before, ask({ ...service, methods: ['GET'] })).changes)
  const path = '/services/kubeflow/katib-ui/katib/'
  assert.equal(asked(opened, ci, 'GET', path), 'allow')
  assert.equal(asked(opened, ci, 'POST', path), 'deny')
  assert.equal(asked(opened, 'user:user@example.com', 'GET', path), 'deny')
})

const raw = `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: flowers, namespace: kubeflow-user-example-com, annotations: {serving.kserve.io/deploymentMode: RawDeployment}}
spec: {predictor: {model: {modelFormat: {name: sklearn}, protocolVersion: v2}}}
---
apiVersion: v1
kind: Service
metadata: {name: flowers-predictor, namespace: kubeflow-user-example-com}
spec: {selector: {app: isvc.flowers-predictor}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: flowers-predictor, namespace: kubeflow-user-example-com}
spec:
  template:
    metadata:
      labels: {app: isvc.flowers-predictor, component: predictor, serving.kserve.io/inferenceservice: flowers}
    spec: {containers: [{name: kserve-container, image: sklearn, ports: [{containerPort: 8080}]}]}
`

test('a model that KServe runs without Knative is routed to straight', () => {
  const before = [...filesOf('26.03'), { file: 'raw.yaml', text: raw }]
  const intended = intend(before, ask({ name: 'flowers' }))
  const opened = after(before, intended.changes)
  const path = '/models/kubeflow-user-example-com/flowers/v2/models/flowers/infer'
  assert.equal(asked(opened, ci, 'POST', path), 'allow')
  assert.equal(asked(opened, 'user:user@example.com', 'POST', path), 'deny')
  const route = intended.changes.find(({ object }) => object.kind === 'VirtualService')
  assert.match(
    JSON.stringify(route),
    /"host":"flowers-predictor\.kubeflow-user-example-com\.svc\.cluster\.local"/,
  )
  assert.match(JSON.stringify(route), /"timeout":"300s"/)
})

const files = filesOf('v1.9')
const twin = files.map(({ file, text }) => ({
  file: `twin/${file}`,
  text: text.replaceAll('kubeflow-user-example-com', 'team-b'),
}))
const refused: readonly (readonly [
  what: string,
  inputs: readonly MeshInput[],
  ask: ExposeAsk,
  code: string,
  message: RegExp,
])[] = [
  [
    'a model that is not there',
    files,
    ask({ name: 'sklearn-irs' }),
    'ERR_SUBJECT_UNKNOWN',
    /no model `sklearn-irs` in this door; near it: `kubeflow-user-example-com\/sklearn-iris`/,
  ],
  [
    'one in another namespace',
    files,
    ask({ namespace: 'team-z' }),
    'ERR_SUBJECT_UNKNOWN',
    /near it: `kubeflow-user-example-com\/sklearn-iris`/,
  ],
  [
    'two of one name',
    [...files, ...twin.filter(({ file }) => file.includes('sklearn'))],
    ask(),
    'ERR_USAGE',
    /there are 2 models called `sklearn-iris`.*`-n NAMESPACE`/,
  ],
  [
    'no Istio',
    files
      .filter(({ file }) => file.includes('sklearn'))
      .map(({ file, text }) => ({ file, text: text.split('---\n')[0] as string })),
    ask(),
    'ERR_INTENT_REFUSED',
    /there is no Istio in this door/,
  ],
  [
    'an ambient mesh',
    [
      {
        file: 'ambient.yaml',
        text: 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {istio.io/dataplane-mode: ambient}}\n',
      },
      ...files.filter(({ file }) => file.includes('sklearn')),
    ],
    ask(),
    'ERR_INTENT_REFUSED',
    /this mesh is ambient/,
  ],
  [
    'an ambient namespace',
    files.map((each) => ({
      ...each,
      text: each.text.replaceAll('istio-injection: enabled', 'istio.io/dataplane-mode: ambient'),
    })),
    ask(),
    'ERR_INTENT_REFUSED',
    /namespace kubeflow-user-example-com is ambient/,
  ],
  [
    'a path another route has',
    files,
    ask({ path: '/pipeline' }),
    'ERR_INTENT_REFUSED',
    /routed by VirtualService kubeflow\/ml-pipeline-ui already/,
  ],
  [
    'no keys of accounts',
    filesOf('v1.8'),
    { ...ask(), jwksUri: undefined } as ExposeAsk,
    'ERR_INTENT_REFUSED',
    /no keys of service accounts' tokens.*`kfdoor m2m enable`/s,
  ],
  [
    'a path above those of others',
    files,
    ask({ kind: 'service', name: 'katib-ui', path: '/notebook' }),
    'ERR_INTENT_REFUSED',
    /path \/notebook\/kubeflow-user-example-com\/my-notebook\/ is routed by VirtualService .* already/,
  ],
  [
    'a group where no groups are handed on',
    filesOf('v1.8'),
    ask({ to: [{ kind: 'group', name: 'ml' }] }),
    'ERR_INTENT_REFUSED',
    /hands on who somebody is, and not their groups: name people/,
  ],
  [
    'somebody new where pods can make up the header people are handed on by',
    filesOf('v1.6'),
    ask({ to: [{ kind: 'user', email: 'new@example.com' }] }),
    'ERR_INTENT_REFUSED',
    /\+forged would get .*by a header, which pods can make up: name service accounts instead/s,
  ],
  [
    'a notebook where a filter asks everybody to sign in',
    filesOf('v1.6'),
    ask({ kind: 'notebook', name: 'my-notebook' }),
    'ERR_INTENT_REFUSED',
    /gets challenge .*a notebook keeps its own route, and the auth service is asked about every call on it/s,
  ],
  [
    'a path on which the request would go by another route',
    filesOf('26.03'),
    ask({ path: '/a/../b' }),
    'ERR_INTENT_REFUSED',
    /would go by VirtualService kubeflow\/centraldashboard/,
  ],
  ['an unknown Gateway', files, ask({ gateway: 'a/b' }), 'ERR_USAGE', /there is no Gateway `a\/b`/],
]
for (const [what, inputs, asks, code, message] of refused) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => intend(inputs, asks),
      (error) => isFault(error) && error.code === code && message.test(error.message),
    )
  })
}
