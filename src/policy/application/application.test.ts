/** What applications make of a request by themselves, one small mesh and many callers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aToken, meshOf } from '../builders.test.ts'
import type { HeaderList } from '../decision.ts'
import { visitApplication } from './index.ts'

const mesh = meshOf(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: ml-pipeline, namespace: kubeflow }
spec:
  template:
    metadata: { labels: { app: ml-pipeline } }
    spec: { containers: [{ name: c, image: "x/kfp-api-server:2.16.0" }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: single, namespace: kubeflow }
spec:
  template:
    spec: { containers: [{ name: c, image: "x/api-server:2.0.0", env: [{ name: MULTIUSER, value: "false" }] }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: prefixed, namespace: kubeflow }
spec:
  template:
    spec:
      containers:
      - name: c
        image: x/api-server:2.0.0
        envFrom: [{ configMapRef: { name: settings } }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: kubeflow }
data: { KUBEFLOW_USERID_HEADER: X-User, KUBEFLOW_USERID_PREFIX: "acc:", MULTIUSER_SHARED_READ: "true" }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: profiles, namespace: kubeflow }
spec:
  template:
    spec: { containers: [{ name: kfam, image: "x/kfam:v1", args: [-cluster-admin, root@b, -userid-header, $(USERID_HEADER)] }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: jupyter, namespace: kubeflow }
spec: { template: { spec: { containers: [{ name: c, image: "x/jupyter-web-app:v1" }] } } }
---
apiVersion: kubeflow.org/v1
kind: Profile
metadata: { name: team }
spec: { owner: { kind: User, name: owner@b } }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: reader }
aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: reader } }] }
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: part, labels: { part: reader } }
rules: [{ apiGroups: [pipelines.kubeflow.org, kubeflow.org], resources: [runs, notebooks], verbs: [get, list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: read, namespace: team }
roleRef: { kind: ClusterRole, name: reader }
subjects: [{ kind: User, name: reader@b }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: all }
roleRef: { kind: ClusterRole, name: reader }
subjects: [{ kind: User, name: auditor@b }]
`)

const as = (user: string): HeaderList => [['kubeflow-userid', user]]
const editor = 'system:serviceaccount:team:default-editor'
const bearer = (claims: Readonly<Record<string, unknown>>): HeaderList => [
  ['authorization', `Bearer ${aToken({ sub: editor, aud: 'pipelines.kubeflow.org', ...claims })}`],
]
const list = '/apis/v2beta1/runs?namespace=team'
const v1list = '/apis/v1beta1/runs?resource_reference_key.type=NAMESPACE&resource_reference_key.id=team'

type Row = readonly [app: string, call: string, headers: HeaderList, want: string, why: string]
const rows: readonly Row[] = [
  ['ml-pipeline', `GET ${list}`, as('owner@b'), 'allow access-granted', 'a Profile’s owner is its admin'],
  ['ml-pipeline', `GET ${v1list}`, as('owner@b'), 'allow access-granted', 'the old API names it otherwise'],
  ['ml-pipeline', `GET ${list}`, as('reader@b'), 'allow access-granted', 'an aggregated ClusterRole, bound here'],
  ['ml-pipeline', `DELETE /apis/v2beta1/runs/1`, as('reader@b'), 'deny access-denied 403', 'may delete nowhere'],
  ['ml-pipeline', `GET /apis/v2beta1/runs/1`, as('reader@b'), 'unknown namespace-unknown', 'whose namespace is in a database'],
  ['ml-pipeline', `GET /apis/v2beta1/runs/1`, as('auditor@b'), 'allow access-granted', 'who may everywhere'],
  ['ml-pipeline', `GET ${list}`, as('eve@b'), 'deny access-denied 403', 'nobody'],
  ['ml-pipeline', `GET ${list}`, as(''), 'deny identity-empty 401', 'an empty identity ends the search'],
  ['ml-pipeline', `GET ${list}`, [], 'deny identity-missing 401', 'no identity'],
  ['ml-pipeline', `GET ${list}`, [['authorization', 'Bearer x']], 'deny token-not-authenticated 401', 'no token'],
  ['ml-pipeline', `GET ${list}`, bearer({}), 'allow access-granted', 'a reviewed token'],
  ['ml-pipeline', `GET ${list}`, bearer({ aud: 'other' }), 'deny token-audience 401', 'for somebody else'],
  ['ml-pipeline', `GET ${list}`, bearer({ sub: 'dex-user' }), 'unknown token-review-unknown', 'not the cluster’s own'],
  ['ml-pipeline', `GET ${list}`, [...as('eve@b'), ...bearer({})], 'deny access-denied 403', 'the header counts first'],
  ['ml-pipeline', 'GET /apis/v2beta1/healthz', [], 'allow open-call', 'healthz'],
  ['ml-pipeline', 'GET /apis/v2beta1/runs', as('owner@b'), 'deny namespace-missing 400', 'runs need a namespace'],
  ['ml-pipeline', 'GET /apis/v2beta1/pipelines', [], 'allow shared-pipelines', 'shared pipelines are everybody’s'],
  ['ml-pipeline', 'GET /apis/v2beta1/nothing', as('owner@b'), 'not-found no-such-call 404', 'no such call'],
  ['ml-pipeline', 'POST /apis/v2beta1/experiments {"namespace":"team"}', as('reader@b'), 'deny access-denied 403', 'a reader makes nothing'],
  ['ml-pipeline', 'POST /apis/v2beta1/experiments {"namespace":"team"}', as('owner@b'), 'allow access-granted', 'the body says where'],
  ['ml-pipeline', 'POST /apis/v2beta1/runs', as('owner@b'), 'unknown namespace-unknown', 'a body that was not given'],
  ['single', `GET ${list}`, [], 'allow single-user', 'MULTIUSER off'],
  ['prefixed', 'DELETE /apis/v2beta1/jobs/1', [['x-user', 'owner@b']], 'not-found no-such-call 404', 'v2 calls them otherwise'],
  ['prefixed', 'DELETE /apis/v2beta1/recurringruns/1', [['x-user', 'owner@b']], 'deny identity-missing 401', 'without its prefix'],
  ['prefixed', 'DELETE /apis/v2beta1/recurringruns/1', [['x-user', 'acc:eve@b']], 'deny access-denied 403', 'with its prefix'],
  ['prefixed', `GET ${list}`, [], 'allow shared-read', 'MULTIUSER_SHARED_READ'],
  ['profiles', 'GET /kfam/v1/bindings', [], 'allow open-call', 'reading is for everybody that gets there'],
  ['profiles', 'POST /kfam/v1/bindings {"referredNamespace":"team"}', as('owner@b'), 'allow profile-owner', 'its owner'],
  ['profiles', 'POST /kfam/v1/bindings {"referredNamespace":"team"}', as('eve@b'), 'deny access-denied 403', 'another'],
  ['profiles', 'POST /kfam/v1/bindings {"referredNamespace":"team"}', as('root@b'), 'allow cluster-admin', 'the admin'],
  ['profiles', 'DELETE /kfam/v1/profiles/gone', as('owner@b'), 'unknown profile-not-given', 'a Profile that is not there'],
  ['jupyter', 'GET /', [], 'deny identity-missing 401', 'no user detected'],
  ['jupyter', 'GET /', as('eve@b'), 'allow identity-header', 'any user sees the page'],
  ['jupyter', 'GET /api/namespaces/team/notebooks', as('reader@b'), 'allow access-granted', 'an explicit role'],
  ['jupyter', 'GET /api/namespaces/team/notebooks', as('owner@b'), 'unknown role-not-given', 'kubeflow-admin is not in the YAML'],
  ['jupyter', 'GET /api/namespaces/team/notebooks', as('eve@b'), 'deny access-denied 403', 'nobody'],
] // biome-ignore format: a table

for (const [app, call, headers, want, why] of rows) {
  test(`${app}: ${call}: ${why}`, () => {
    const workload = mesh.workloads.find(({ name }) => name === app)
    const [method = '', path = '', ...body] = call.split(' ')
    assert.ok(workload)
    const result = visitApplication({
      mesh,
      workload,
      method,
      path,
      headers,
      ...(body.length > 0 && { body: body.join(' ') }),
      hop: 1,
      verified: () => true,
    })
    const { verdict, reason, status, steps = [] } = result ?? {}
    assert.equal([verdict, reason, status].filter((part) => part !== undefined).join(' '), want)
    const last = steps.at(-1)
    assert.ok(last?.phase === 'application' && last.object && last.at && last.at.line > 0 && last.text)
  })
}
