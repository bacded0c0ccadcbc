import type { Change } from '../../src/planner/index.ts'
import type { Anything } from './cluster-dump.ts'
import type { Release } from './commands.ts'

/** A command that is refused, with `--apply --yes`: clearly, and with nothing written. */
export interface Refusal {
  readonly on: Release
  readonly words: string
  readonly where: string
  readonly code: number
  readonly says: RegExp
  /** Done to an object before, and taken back. */
  readonly patch?: { readonly object: Change['object']; readonly with: Anything }
  /** Made before, and taken away. */
  readonly make?: Anything
  readonly context?: string
}

const gateway = object('networking.istio.io/v1', 'Gateway', 'kubeflow', 'kubeflow-gateway')
const filter = object('networking.istio.io/v1alpha3', 'EnvoyFilter', 'istio-system', 'authn-filter')
const local = object('networking.istio.io/v1', 'Gateway', 'knative-serving', 'knative-local-gateway')
const profile = object('v1', 'Namespace', undefined, 'kubeflow-user-example-com')
const tls = 'tls enable --secret kubeflow-tls'
const user = '--to user:user@example.com'
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'keeper', uid: 'u-1', controller: true }

export const refusals: readonly Refusal[] = [
  {
    on: '26.03',
    words: tls,
    where: 'where Argo CD keeps the Gateway',
    code: 2,
    says: /Argo CD/,
    patch: { object: gateway, with: { annotations: { 'argocd.argoproj.io/tracking-id': 'door:x' } } },
  },
  {
    on: '26.03',
    words: tls,
    where: 'where Flux keeps the Gateway',
    code: 2,
    says: /Flux/,
    patch: { object: gateway, with: { labels: { 'kustomize.toolkit.fluxcd.io/name': 'door' } } },
  },
  {
    on: '26.03',
    words: tls,
    where: 'where Helm keeps the Gateway',
    code: 2,
    says: /Helm/,
    patch: { object: gateway, with: { annotations: { 'meta.helm.sh/release-name': 'door' } } },
  },
  {
    on: 'v1.6',
    words: 'split-gateway',
    where: 'where a controller owns the local Gateway',
    code: 2,
    says: /the controller of ConfigMap keeper/,
    patch: { object: local, with: { ownerReferences: [owner] } },
  },
  {
    on: 'v1.6',
    words: 'migrate authn-filter --by paths --path /v1/*',
    where: 'where Argo CD keeps the filter',
    code: 2,
    says: /Argo CD/,
    patch: { object: filter, with: { labels: { 'argocd.argoproj.io/instance': 'door' } } },
  },
  {
    on: '26.03',
    words: `expose no-such-model ${user}`,
    where: 'a model nobody has',
    code: 2,
    says: /KFD1933: .*no-such-model/,
  },
  {
    on: '26.03',
    words: `expose sklearn-iris ${user}`,
    where: 'two models of one name',
    code: 2,
    says: /kubeflow\/sklearn-iris|-n|namespace/,
    make: {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      metadata: { name: 'sklearn-iris', namespace: 'kubeflow' },
      spec: { predictor: { model: { modelFormat: { name: 'sklearn' } } } },
    },
  },
  {
    on: '26.03',
    words: `expose sklearn-iris ${user}`,
    where: 'in a namespace that is ambient',
    code: 2,
    says: /KFD1932: .*is ambient/s,
    patch: { object: profile, with: { labels: { 'istio.io/dataplane-mode': 'ambient' } } },
  },
  {
    on: '26.03',
    words: tls,
    where: 'by somebody who may read nothing',
    code: 4,
    says: /KFD\d{4}: .*(forbidden|cannot|shows no object)/s,
    context: 'nobody',
  },
  {
    on: '26.03',
    words: 'migrate oauth2-proxy',
    where: 'whose workload holds what may be secret',
    code: 2,
    says: /KFD1932: .*something in Deployment oauth2-proxy\/oauth2-proxy may be secret.*kubectl patch/s,
    patch: {
      object: object('apps/v1', 'Deployment', 'oauth2-proxy', 'oauth2-proxy'),
      with: { annotations: { 'door/password': 'hunter2' } },
    },
  },
]

function object(
  apiVersion: string,
  kind: string,
  namespace: string | undefined,
  name: string,
): Change['object'] {
  return { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) }
}
