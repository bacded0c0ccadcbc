/** What a caller pastes: YAML that says what is meant, and an address that really leads to the model. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { viewOptions } from '../../cli/map/view-options.ts'
import { type ProfileName, profileFiles } from '../../compose/profiles.ts'
import { type MeshInput, parseMesh } from '../../mesh/index.ts'
import { compileDoor, explain, type Principal } from '../../policy/index.ts'
import { applyChanges } from '../apply-changes.ts'
import { readRawDoor } from '../raw-door.ts'
import { type ExposeAsk, usualAudience } from './ask.ts'
import { expose } from './expose.ts'

const now = 1_790_000_000
const predictor = 'sklearn-iris-predictor.kubeflow-user-example-com.svc.cluster.local'
const gateway = 'http://istio-ingressgateway.istio-system.svc.cluster.local'
const below = '/models/kubeflow-user-example-com/sklearn-iris/v1/models/sklearn-iris:predict'

const filesOf = (name: ProfileName, tls = false) => profileFiles(name, { tls, demo: true })
/** Its Gateway answers to one name. */
const oneName = filesOf('26.03').map(({ file, text }) => ({
  file,
  text: text.replace(/(name: kubeflow-gateway[\s\S]*?hosts: )\["\*"\]/, '$1["kubeflow.example.com"]'),
}))

const rows: readonly (readonly [
  what: string,
  files: readonly MeshInput[],
  more: Partial<ExposeAsk>,
  url: string,
])[] = [
  ['a door without TLS: its own Service', filesOf('26.03'), {}, `${gateway}${below}`],
  [
    'port 80 only redirects: not there',
    filesOf('26.03', true),
    {},
    `http://${predictor}/v1/models/sklearn-iris:predict`,
  ],
  [
    'a host of its own is no name of the cluster',
    filesOf('26.03'),
    { host: 'iris.example.com' },
    `http://${predictor}/v1/models/sklearn-iris:predict`,
  ],
  ['a Gateway for one name', oneName, {}, `http://${predictor}/v1/models/sklearn-iris:predict`],
  [
    'behind TLS, a Service whose pods take no call but from the mesh: as from outside',
    filesOf('26.03', true),
    { kind: 'service', name: 'katib-ui', namespace: 'kubeflow', methods: ['GET'] },
    'https://kubeflow.example.com/services/kubeflow/katib-ui/',
  ],
  ['names and audiences that YAML would read otherwise', filesOf('26.03'), odd(), `${gateway}${below}`],
]

function odd(): Partial<ExposeAsk> {
  return { to: [{ kind: 'sa', namespace: 'team-a', name: '123' }], audience: `a,{b}:#'"` }
}

for (const [what, files, more, url] of rows) {
  test(`where a pod calls: ${what}`, () => {
    const ask: ExposeAsk = {
      kind: 'model',
      name: 'sklearn-iris',
      to: [{ kind: 'sa', namespace: 'team-a', name: 'ci' }],
      public: false,
      audience: usualAudience,
      timeout: '300s',
      ...more,
    }
    const intended = expose(
      { door: readRawDoor(files), mesh: parseMesh(files).mesh, now, view: viewOptions },
      ask,
    )
    const text = intended.callers[0]?.text ?? ''
    const { spec } = parse(text.slice(text.indexOf('  spec:'))).spec.template
    const [grantee] = ask.to
    assert.ok(grantee?.kind === 'sa')
    assert.equal(spec.serviceAccountName, grantee.name)
    assert.equal(spec.volumes[0].projected.sources[0].serviceAccountToken.audience, ask.audience)
    assert.equal(spec.containers[0].env[0].value, url)

    const { mesh } = parseMesh(applyChanges(files, intended.changes, 'new.yaml'))
    const [, scheme, host = '', path = '/'] = /^(https?):\/\/([^/]+)(.*)$/.exec(url) ?? []
    const asked = (principal: Omit<Principal & { kind: 'service-account' }, 'kind' | 'forged'>) => {
      const { signIn, ...seen } = viewOptions(mesh)
      const result = explain(compileDoor(mesh, seen), {
        method: ask.methods?.[0] ?? 'POST',
        scheme: scheme as 'http',
        host,
        path,
        headers: [],
        principal: { kind: 'service-account', forged: false, ...principal },
        now,
        ...(signIn && { provider: signIn.answer }),
      })
      assert.ok(!('problem' in result))
      return result.verdict
    }
    const { namespace, name } = grantee
    assert.equal(asked({ namespace, name, audience: ask.audience }), 'allow')
    assert.equal(asked({ namespace, name: 'other', audience: ask.audience }), 'deny')
    assert.equal(asked({ namespace, name, audience: 'elsewhere' }), 'deny')
  })
}
