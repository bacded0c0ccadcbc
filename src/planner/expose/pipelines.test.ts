import assert from 'node:assert/strict'
import { test } from 'node:test'
import { viewOptions } from '../../cli/map/view-options.ts'
import { type ProfileName, profileFiles, profileNames } from '../../compose/profiles.ts'
import { type MeshInput, parseMesh } from '../../mesh/index.ts'
import { applyChanges } from '../apply-changes.ts'
import { readRawDoor } from '../raw-door.ts'
import { exposePipelines, type PipelinesAsk } from './pipelines.ts'
import { unexpose } from './unexpose.ts'

const filesOf = (name: ProfileName) => profileFiles(name, { tls: false, demo: true })
const user = 'kubeflow-user-example-com'

function intend(inputs: readonly MeshInput[], ask: PipelinesAsk) {
  return exposePipelines(
    { door: readRawDoor(inputs), mesh: parseMesh(inputs).mesh, now: 1_790_000_000, view: viewOptions },
    ask,
  )
}

for (const name of profileNames) {
  test(`notebooks of ${name} need the token alone: the mesh and the rights are there`, () => {
    const { changes, callers } = intend(filesOf(name), { to: [{ kind: 'notebooks', namespace: user }] })
    assert.deepEqual(
      changes.map(({ op, object }) => `${op} ${object.kind} ${object.name}`),
      ['create PodDefault access-ml-pipeline'],
    )
    assert.match(callers[0]?.text ?? '', /→ allow \(access-granted\)$/)
  })

  test(`an account of elsewhere needs rights on ${name}, and gets those of Pipelines alone`, () => {
    const before = filesOf(name)
    const ask: PipelinesAsk = { to: [{ kind: 'sa', namespace: 'kubeflow', name: 'ci' }], namespace: user }
    const { changes, callers } = intend(before, ask)
    assert.deepEqual(
      changes.map(({ op, object }) => `${op} ${object.kind} ${object.namespace}`),
      [`create RoleBinding ${user}`],
    )
    assert.match(JSON.stringify(changes), /"name":"kubeflow-pipelines-edit"/)
    assert.match(callers[0]?.text ?? '', /deny \(access-denied\) → allow \(access-granted\)/)
    const opened = applyChanges(before, changes, 'new.yaml')
    assert.deepEqual(intend(opened, ask).changes, [])
    const back = unexpose(readRawDoor(opened), { kind: 'pipelines', name: 'pipelines' }).changes
    assert.deepEqual(
      back.map(({ op, object }) => `${op} ${object.kind}`),
      ['delete RoleBinding'],
    )
  })
}

test('where the mesh refuses the pods, a policy lets them in without a user header', () => {
  const inputs = filesOf('26.03').map((each) => ({
    ...each,
    text: each.text.replace(
      / {2}- \{when: \[\{key: "request\.headers\[kubeflow-userid\]", notValues: \["\*"\]\}\]\}\n {2}selector: \{matchLabels: \{app: ml-pipeline\}\}/,
      '  selector: {matchLabels: {app: ml-pipeline}}',
    ),
  }))
  const { changes } = intend(inputs, { to: [{ kind: 'notebooks', namespace: user }] })
  const policy = changes.find(({ object }) => object.kind === 'AuthorizationPolicy')
  assert.match(JSON.stringify(policy), /cluster\.local\/ns\/kubeflow-user-example-com\/sa\/default-editor/)
  assert.match(JSON.stringify(policy), /"notValues":\["\*"\]/)
})

test('a namespace that is not there is told with its neighbours', () => {
  assert.throws(
    () => intend(filesOf('26.03'), { to: [{ kind: 'notebooks', namespace: 'kubeflow-user-example' }] }),
    /no namespace `kubeflow-user-example`.*near it: `kubeflow-user-example-com`/,
  )
})
