/** Exposures of every kind, each with the door it is planned for, who may call, and who may not. */
import { type ExposeAsk, expose, type Grantee, usualAudience } from '../../src/planner/index.ts'
import { aWorld, type TestWorld } from './intent-world.ts'
import { asked, ci } from './planned.ts'

export interface Exposure {
  readonly name: string
  readonly world: () => TestWorld
  readonly ask: ExposeAsk
  /** A call it is for. */
  readonly call: { readonly method: string; readonly host: string; readonly path: string }
  /** Where that arrives: `namespace/name` of the workload, its beginning. */
  readonly arrives: string
  /** Principals who may; `+forged` changes nothing. */
  readonly may: readonly string[]
}

const user: Grantee = { kind: 'user', email: 'user@example.com' }
const ml: Grantee = { kind: 'group', name: 'ml' }
const own = 'kubeflow-user-example-com'
const host = 'kubeflow.example.com'
const below = `/models/${own}/sklearn-iris`
const predict = { method: 'POST', host, path: `${below}/v1/models/sklearn-iris:predict` }
const predictor = `${own}/sklearn-iris-predictor`
const account = `sa:team-a/ci,aud=${usualAudience}`
const door = (release: string) => () =>
  aWorld([`profiles/${release}/release`, `profiles/${release}/demo`], raw)

/** A model that KServe runs without Knative. */
const raw = `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: flowers, namespace: ${own}, annotations: {serving.kserve.io/deploymentMode: RawDeployment}}
spec: {predictor: {model: {modelFormat: {name: sklearn}, protocolVersion: v2}}}
---
apiVersion: v1
kind: Service
metadata: {name: flowers-predictor, namespace: ${own}}
spec: {selector: {app: isvc.flowers-predictor}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: flowers-predictor, namespace: ${own}}
spec:
  selector: {matchLabels: {app: isvc.flowers-predictor}}
  template:
    metadata:
      labels: {app: isvc.flowers-predictor, component: predictor, serving.kserve.io/inferenceservice: flowers}
    spec: {containers: [{name: kserve-container, image: sklearn, ports: [{containerPort: 8080}]}]}
`

const keys = { jwksUri: 'http://keys.istio-system.svc.cluster.local/keys' }

/** Whoever may try. */
export const others: readonly string[] = [
  'anonymous',
  account,
  'sa:team-a/ci,aud=models',
  'sa:team-a/ci,aud=elsewhere',
  `sa:team-a/ci,aud=${usualAudience},iss=https://elsewhere.example`,
  `sa:team-a/other,aud=${usualAudience}`,
  `sa:team-b/ci,aud=${usualAudience}`,
  'user:user@example.com',
  'user:contributor@example.com',
  'user:stranger@example.com',
  'user:x@example.com,groups=ml',
  'user:x@example.com,groups=mlx',
]

export const exposures: readonly Exposure[] = [
  ...(['26.03', 'v1.9', 'v1.8', 'v1.6'] as const).map(
    (release): Exposure => ({
      name: `a model to an account, ${release}`,
      world: door(release),
      ask: asked([ci], /1\.[68]/.test(release) ? keys : {}),
      call: predict,
      arrives: predictor,
      may: [account],
    }),
  ),
  {
    name: 'a model to an account, a person and a group',
    world: door('26.03'),
    ask: asked([ci, user, ml]),
    call: predict,
    arrives: predictor,
    may: [account, 'user:user@example.com', 'user:x@example.com,groups=ml'],
  },
  {
    name: 'on a host of its own, for an audience of its own',
    world: door('26.03'),
    ask: asked([ci], { host: 'iris.example.com', audience: 'models' }),
    call: { method: 'POST', host: 'iris.example.com', path: '/v1/models/sklearn-iris:predict' },
    arrives: predictor,
    may: ['sa:team-a/ci,aud=models'],
  },
  {
    name: 'at a path of its own, to read',
    world: door('26.03'),
    ask: asked([ci], { path: '/serving/iris', methods: ['GET'] }),
    call: { method: 'GET', host, path: '/serving/iris/v1/models/sklearn-iris' },
    arrives: predictor,
    may: [account],
  },
  {
    name: 'to anyone with the URL',
    world: door('v1.9'),
    ask: asked([], { public: true }),
    call: predict,
    arrives: predictor,
    may: others.filter((each) => !each.includes('iss=')),
  },
  {
    name: 'a Service to anyone on a host of its own',
    world: door('v1.9'),
    ask: asked([], {
      kind: 'service',
      name: 'katib-ui',
      namespace: 'kubeflow',
      public: true,
      host: 'katib.example.com',
    }),
    call: { method: 'GET', host: 'katib.example.com', path: '/katib/' },
    arrives: 'kubeflow/katib-ui',
    may: others.filter((each) => !each.includes('iss=')),
  },
  {
    name: 'a notebook to an account',
    world: door('26.03'),
    ask: asked([ci], { kind: 'notebook', name: 'my-notebook' }),
    call: { method: 'GET', host, path: `/notebook/${own}/my-notebook/lab` },
    arrives: `${own}/my-notebook`,
    may: [account, 'user:user@example.com', 'user:contributor@example.com'],
  },
  {
    name: 'a Service to an account',
    world: door('26.03'),
    ask: asked([ci], { kind: 'service', name: 'katib-ui', namespace: 'kubeflow', methods: ['GET'] }),
    call: { method: 'GET', host, path: '/services/kubeflow/katib-ui/katib/' },
    arrives: 'kubeflow/katib-ui',
    may: [account],
  },
  {
    name: 'a model without Knative',
    world: door('26.03'),
    ask: asked([ci], { name: 'flowers' }),
    call: { method: 'POST', host, path: `/models/${own}/flowers/v2/models/flowers/infer` },
    arrives: `${own}/flowers-predictor`,
    may: [account],
  },
]

/** The door once it is exposed. */
export function exposedDoor({ world, ask }: Exposure): TestWorld {
  const before = world()
  return before.after(expose(before, ask).changes)
}
