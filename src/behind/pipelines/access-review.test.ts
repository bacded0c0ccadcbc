/** Who may do what with Pipelines, from the roles and bindings in the YAML. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Profile, Role, RoleBinding } from '../../mesh/index.ts'
import { type AccessMesh, createAccessReview } from './access-review.ts'

const meta = { apiVersion: 'v1', labels: {}, annotations: {}, at: { file: 'mesh.yaml', line: 1 } }

const aBinding = (
  role: string,
  subject: RoleBinding['subjects'][number],
  over: Partial<RoleBinding> = {},
): RoleBinding => ({
  ...meta,
  kind: 'RoleBinding',
  namespace: 'team',
  name: 'binding',
  roleRef: { kind: 'ClusterRole', name: role },
  subjects: [subject],
  ...over,
})
const aRole = (name: string, over: Partial<Role> = {}): Role => ({
  ...meta,
  kind: 'ClusterRole',
  namespace: '',
  name,
  rules: [],
  aggregationLabels: [],
  ...over,
})
const aRule = (verbs: readonly string[], over: Partial<Role['rules'][number]> = {}) => ({
  apiGroups: ['pipelines.kubeflow.org'],
  resources: ['runs'],
  verbs,
  resourceNames: [],
  ...over,
})
const aProfile = (over: Partial<Profile> = {}): Profile => ({
  ...meta,
  kind: 'Profile',
  namespace: '',
  name: 'team',
  owner: { kind: 'User', name: 'owner@example.com' },
  ...over,
})
const aMesh = (over: Partial<AccessMesh> = {}): AccessMesh => ({
  roles: [],
  roleBindings: [],
  profiles: [],
  ...over,
})

const ann = { kind: 'User', name: 'ann@example.com' }
const account = (name: string, namespace?: string) => ({ kind: 'ServiceAccount', name, namespace })

type Row = readonly [
  about: string,
  mesh: AccessMesh,
  user: string,
  verb: string,
  resource: string,
  allowed: boolean,
]
const rows: readonly Row[] = [
  [
    'a profile\u2019s owner does everything in it',
    aMesh({ profiles: [aProfile()] }),
    'owner@example.com',
    'terminate',
    'runs',
    true,
  ],
  [
    'the letter case of a user counts',
    aMesh({ profiles: [aProfile()] }),
    'Owner@example.com',
    'list',
    'runs',
    false,
  ],
  [
    'default-editor edits, binding or not',
    aMesh({ profiles: [aProfile()] }),
    'system:serviceaccount:team:default-editor',
    'create',
    'jobs',
    true,
  ],
  [
    'default-viewer views',
    aMesh({ profiles: [aProfile()] }),
    'system:serviceaccount:team:default-viewer',
    'list',
    'pipelines',
    true,
  ],
  [
    'default-viewer changes nothing',
    aMesh({ profiles: [aProfile()] }),
    'system:serviceaccount:team:default-viewer',
    'create',
    'runs',
    false,
  ],
  [
    'another namespace\u2019s editor is nobody here',
    aMesh({ profiles: [aProfile()] }),
    'system:serviceaccount:other:default-editor',
    'list',
    'runs',
    false,
  ],
  [
    'a contributor with edit',
    aMesh({ roleBindings: [aBinding('kubeflow-edit', ann)] }),
    ann.name,
    'archive',
    'experiments',
    true,
  ],
  [
    'a contributor with view',
    aMesh({ roleBindings: [aBinding('kubeflow-view', ann)] }),
    ann.name,
    'archive',
    'experiments',
    false,
  ],
  [
    'nobody may update runs, not even an admin',
    aMesh({ roleBindings: [aBinding('kubeflow-admin', ann)] }),
    ann.name,
    'update',
    'runs',
    false,
  ],
  [
    'a binding of another namespace',
    aMesh({ roleBindings: [aBinding('kubeflow-edit', ann, { namespace: 'other' })] }),
    ann.name,
    'list',
    'runs',
    false,
  ],
  [
    'a ClusterRoleBinding counts everywhere',
    aMesh({ roleBindings: [aBinding('kubeflow-view', ann, { kind: 'ClusterRoleBinding', namespace: '' })] }),
    ann.name,
    'list',
    'runs',
    true,
  ],
  [
    'cluster-admin',
    aMesh({ roleBindings: [aBinding('cluster-admin', ann, { kind: 'ClusterRoleBinding', namespace: '' })] }),
    ann.name,
    'update',
    'runs',
    true,
  ],
  [
    'Kubernetes\u2019 own edit says nothing about Pipelines',
    aMesh({ roleBindings: [aBinding('edit', ann)] }),
    ann.name,
    'list',
    'runs',
    false,
  ],
  [
    'a service account of another namespace, named',
    aMesh({ roleBindings: [aBinding('kubeflow-edit', account('bot', 'ci'))] }),
    'system:serviceaccount:ci:bot',
    'create',
    'runs',
    true,
  ],
  [
    'a service account without namespace is the binding\u2019s',
    aMesh({ roleBindings: [aBinding('kubeflow-edit', account('bot'))] }),
    'system:serviceaccount:team:bot',
    'create',
    'runs',
    true,
  ],
  [
    'a group is not asked with',
    aMesh({ roleBindings: [aBinding('kubeflow-edit', { kind: 'Group', name: 'system:authenticated' })] }),
    ann.name,
    'list',
    'runs',
    false,
  ],
  [
    'a role\u2019s own rules go before the known meaning',
    aMesh({
      roles: [aRole('kubeflow-edit', { rules: [aRule(['get'])] })],
      roleBindings: [aBinding('kubeflow-edit', ann)],
    }),
    ann.name,
    'create',
    'runs',
    false,
  ],
  [
    'an aggregated role without its parts has the known meaning',
    aMesh({
      roles: [aRole('kubeflow-edit', { aggregationLabels: [{ to: 'edit' }] })],
      roleBindings: [aBinding('kubeflow-edit', ann)],
    }),
    ann.name,
    'create',
    'runs',
    true,
  ],
  [
    'parts are found by their labels, through one another, circles included',
    aMesh({
      roles: [
        aRole('all', { aggregationLabels: [{ to: 'all' }] }),
        aRole('some', { labels: { to: 'all' }, aggregationLabels: [{ to: 'some' }] }),
        aRole('one', {
          labels: { to: 'some' },
          rules: [aRule(['retry'])],
          aggregationLabels: [{ to: 'all' }],
        }),
      ],
      roleBindings: [aBinding('all', ann)],
    }),
    ann.name,
    'retry',
    'runs',
    true,
  ],
  [
    'a Role of the namespace',
    aMesh({
      roles: [aRole('r', { kind: 'Role', namespace: 'team', rules: [aRule(['*'])] })],
      roleBindings: [aBinding('r', ann, { roleRef: { kind: 'Role', name: 'r' } })],
    }),
    ann.name,
    'list',
    'runs',
    true,
  ],
  [
    'a Role of another namespace',
    aMesh({
      roles: [aRole('r', { kind: 'Role', namespace: 'other', rules: [aRule(['*'])] })],
      roleBindings: [aBinding('r', ann, { roleRef: { kind: 'Role', name: 'r' } })],
    }),
    ann.name,
    'list',
    'runs',
    false,
  ],
  [
    'a rule for another group',
    aMesh({
      roles: [aRole('r', { rules: [aRule(['*'], { apiGroups: [''] })] })],
      roleBindings: [aBinding('r', ann)],
    }),
    ann.name,
    'list',
    'runs',
    false,
  ],
  [
    'a rule for one name',
    aMesh({
      roles: [aRole('r', { rules: [aRule(['*'], { resourceNames: ['mine'] })] })],
      roleBindings: [aBinding('r', ann)],
    }),
    ann.name,
    'get',
    'runs',
    true,
  ],
  [
    'a rule for another name',
    aMesh({
      roles: [aRole('r', { rules: [aRule(['*'], { resourceNames: ['yours'] })] })],
      roleBindings: [aBinding('r', ann)],
    }),
    ann.name,
    'get',
    'runs',
    false,
  ],
]
for (const [about, mesh, user, verb, resource, allowed] of rows) {
  test(`${about}: ${allowed ? 'yes' : 'no'}`, () => {
    const answer = createAccessReview(mesh)({ user, namespace: 'team', verb, resource, name: 'mine' })
    assert.equal(answer.allowed, allowed)
  })
}

const question = { user: ann.name, namespace: 'team', verb: 'list', resource: 'runs' }

test('a yes names the binding, the role and the subject', () => {
  const review = createAccessReview(aMesh({ roleBindings: [aBinding('kubeflow-view', ann)] }))
  assert.equal(
    review(question).reason,
    'RBAC: allowed by RoleBinding "binding/team" of ClusterRole "kubeflow-view" to User "ann@example.com"',
  )
})

test('a no is silent, as Kubernetes leaves it', () => {
  assert.deepEqual(createAccessReview(aMesh())(question), { allowed: false, reason: '' })
})

test('a no names the role that a binding refers to and nobody has', () => {
  const review = createAccessReview(aMesh({ roleBindings: [aBinding('gone', ann)] }))
  const reason = 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found'
  assert.deepEqual(review(question), { allowed: false, reason })
  assert.deepEqual(review({ ...question, namespace: 'other' }), { allowed: false, reason: '' })
})
