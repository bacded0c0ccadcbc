/** What is exposed, as this cluster runs it: where a route has to lead, and which pods answer. */
import { Fault } from '../../base/index.ts'
import { isSubset, type Labels, type Mesh, type Service, workloadsOf } from '../../mesh/index.ts'
import { nearNames, refuse } from '../refuse.ts'
import type { ExposeAsk } from './ask.ts'

/** A call it answers. `path` as the pod sees it; one that ends in a slash stands for all below it. */
export interface Endpoint {
  readonly path: string
  /** undefined = every method. */
  readonly methods?: readonly string[]
}

export interface Target {
  readonly kind: ExposeAsk['kind']
  readonly namespace: string
  readonly name: string
  readonly destination: { readonly host: string; readonly port: number }
  /** Set on the way, Host among them. */
  readonly headers: Readonly<Record<string, string>>
  /** Pods that answer; undefined = none is known, and what selects them is what their controller writes. */
  readonly selector: Labels
  readonly podsKnown: boolean
  /** The last proxy before the pod is another gateway or Knative's activator, not the door's. */
  readonly behindLocalGateway: boolean
  readonly endpoints: readonly Endpoint[]
}

/** @throws Fault ERR_SUBJECT_UNKNOWN, ERR_INTENT_REFUSED, ERR_USAGE */
export function findTarget(mesh: Mesh, ask: ExposeAsk): Target {
  switch (ask.kind) {
    case 'model':
      return modelTarget(mesh, ask)
    case 'notebook':
      return serviceTarget(mesh, ask, isNotebook(mesh), 'notebook')
    case 'service':
      return serviceTarget(mesh, ask, () => true, 'Service')
  }
}

function only<T extends { readonly namespace: string; readonly name: string }>(
  what: string,
  all: readonly T[],
  { name, namespace }: Pick<ExposeAsk, 'name' | 'namespace'>,
): T {
  const named = all.filter((each) => each.name === name)
  const found = namespace === undefined ? named : named.filter((each) => each.namespace === namespace)
  const [first, second] = found
  if (first === undefined) {
    const names = all.map((each) => `${each.namespace}/${each.name}`)
    const elsewhere = named.map((each) => `${each.namespace}/${each.name}`)
    const near = elsewhere.length > 0 ? elsewhere : nearNames(name, names)
    throw new Fault('ERR_SUBJECT_UNKNOWN', {
      what,
      asked: namespace === undefined ? name : `${namespace}/${name}`,
      near: near.length > 0 ? near : names.slice(0, 5),
    })
  }
  if (second !== undefined) {
    throw new Fault('ERR_USAGE', {
      message: `there are ${found.length} ${what}s called \`${name}\`, in ${found.map((each) => `\`${each.namespace}\``).join(', ')}`,
      next: 'say which with `-n NAMESPACE`',
    })
  }
  return first
}

function modelTarget(mesh: Mesh, ask: ExposeAsk): Target {
  const model = only('model', mesh.inferenceServices, ask)
  const { namespace, name } = model
  const common = { kind: ask.kind, namespace, name, endpoints: endpointsOf(model.name, ask, model) }
  const front = frontRoute(mesh, namespace, name)
  if (front !== undefined) {
    const { Host: host = '' } = front.headers
    return { ...common, ...front, ...podsOfHost(mesh, namespace, name, host), behindLocalGateway: true }
  }
  // A transformer stands before the predictor, and calls it itself.
  for (const component of ['transformer', 'predictor']) {
    const service = mesh.services.find(
      (each) => each.namespace === namespace && each.name === `${name}-${component}`,
    )
    if (service?.selector === undefined) continue
    const host = `${service.name}.${namespace}.svc.cluster.local`
    const pods = podsBehind(mesh, service, { 'serving.kserve.io/inferenceservice': name, component })
    const destination = { host, port: service.ports[0]?.port ?? 80 }
    return { ...common, destination, headers: { Host: host }, ...pods, behindLocalGateway: false }
  }
  if (isRaw(mesh, model)) {
    const host = `${name}-predictor.${namespace}.svc.cluster.local`
    const selector = { 'serving.kserve.io/inferenceservice': name, component: 'predictor' }
    const destination = { host, port: 80 }
    return {
      ...common,
      destination,
      headers: { Host: host },
      selector,
      podsKnown: false,
      behindLocalGateway: false,
    }
  }
  return refuse(
    `expose ${name}`,
    [
      `KServe has made no route for ${namespace}/${name} yet: neither its VirtualService nor a Service \`${name}-predictor\` is in this door`,
    ],
    'wait until the model is ready (`kubectl get inferenceservice`), or give the whole door and not only the InferenceService',
  )
}

/** The route KServe made to the local gateway: its Host and its other headers are this release's. */
function frontRoute(mesh: Mesh, namespace: string, name: string) {
  for (const service of mesh.virtualServices) {
    if (service.namespace !== namespace || service.name !== name) continue
    for (const { headers, route, match = [] } of service.http) {
      // An explainer's route stands before the one that predicts.
      if (match.length > 0 && match.every(({ uri }) => uri?.text.includes(':explain'))) continue
      const [first] = route
      const set = { ...headers?.request?.set, ...first?.headers?.request?.set }
      if (first === undefined || set.Host === undefined) continue
      const { host, port } = first.destination
      return { destination: { host: host.value, port: port ?? 80 }, headers: set }
    }
  }
  return undefined
}

/** Pods behind the name Knative serves: `iris-predictor`, `iris-transformer`, `iris-predictor-default`. */
function podsOfHost(mesh: Mesh, namespace: string, name: string, host: string) {
  const [service = ''] = host.split('.')
  const component = /-(predictor|transformer|explainer)(-default)?$/.exec(service)?.[1] ?? 'predictor'
  return choose(mesh, namespace, [
    { 'serving.kserve.io/inferenceservice': name, component },
    { 'serving.knative.dev/service': service },
  ])
}

function podsBehind(mesh: Mesh, service: Service, usual: Labels) {
  const pods = workloadsOf(service, mesh.workloads)
  const all = pods.length > 0 && pods.every(({ podLabels }) => isSubset(usual, podLabels))
  return { selector: all ? usual : (service.selector ?? usual), podsKnown: pods.length > 0 }
}

/** The first labels some pod of the namespace has; the first of all where there is no such pod. */
function choose(mesh: Mesh, namespace: string, candidates: readonly [Labels, ...Labels[]]) {
  const own = mesh.workloads.filter((each) => each.namespace === namespace)
  const found = candidates.find((labels) => own.some(({ podLabels }) => isSubset(labels, podLabels)))
  return { selector: found ?? candidates[0], podsKnown: found !== undefined }
}

function isRaw(mesh: Mesh, model: Mesh['inferenceServices'][number]): boolean {
  const own = model.annotations['serving.kserve.io/deploymentMode']
  const deploy = mesh.configMaps.find(({ name }) => name === 'inferenceservice-config')?.data.deploy ?? ''
  const mode = own ?? /"defaultDeploymentMode"\s*:\s*"(\w+)"/.exec(deploy)?.[1] ?? 'Serverless'
  return mode === 'RawDeployment' || mode === 'Standard'
}

/** What its protocol has, each with its method: KServe's V1 and V2 over REST, OpenAI's beside them. */
function endpointsOf(
  name: string,
  ask: ExposeAsk,
  { protocolVersion, modelFormat }: Mesh['inferenceServices'][number],
): readonly Endpoint[] {
  const spoken =
    ask.protocol ?? (modelFormat === 'huggingface' || modelFormat === 'vllm' ? 'openai' : protocolVersion)
  const endpoints: Readonly<Record<string, readonly Endpoint[]>> = {
    v1: [
      { path: `/v1/models/${name}`, methods: ['GET'] },
      { path: `/v1/models/${name}:predict`, methods: ['POST'] },
    ],
    v2: [
      { path: `/v2/models/${name}`, methods: ['GET'] },
      { path: `/v2/models/${name}/ready`, methods: ['GET'] },
      { path: `/v2/models/${name}/infer`, methods: ['POST'] },
    ],
    openai: [
      { path: '/openai/v1/models', methods: ['GET'] },
      { path: '/openai/v1/completions', methods: ['POST'] },
      { path: '/openai/v1/chat/completions', methods: ['POST'] },
      { path: '/openai/v1/embeddings', methods: ['POST'] },
    ],
  }
  const own =
    endpoints[spoken ?? 'v1'] ??
    refuse(
      `expose ${name}`,
      [`it speaks ${spoken}, whose calls cannot be told apart below a path: v1, v2 and openai can`],
      'say `--protocol v2` if it answers REST too',
    )
  const { methods } = ask
  return methods === undefined ? own : own.map(({ path }) => ({ path, methods }))
}

function isNotebook(mesh: Mesh) {
  return ({ namespace, name }: Service) =>
    mesh.virtualServices.some(
      (each) => each.namespace === namespace && each.name === `notebook-${namespace}-${name}`,
    )
}

function serviceTarget(
  mesh: Mesh,
  ask: ExposeAsk,
  belongs: (service: Service) => boolean,
  what: string,
): Target {
  const service = only(what, mesh.services.filter(belongs), ask)
  const { namespace, name, ports } = service
  const http = ports.filter(({ protocol }) => protocol === 'TCP' || protocol === '')
  const [first] = ask.port === undefined ? http : http.filter(({ port }) => port === ask.port)
  if (first === undefined || (ask.port === undefined && http.length > 1)) {
    throw new Fault('ERR_USAGE', {
      message: `Service ${namespace}/${name} has ${ports.length === 0 ? 'no port' : `the ports ${ports.map(({ port }) => port).join(', ')}`}`,
      next: 'choose one of them with `--port`',
    })
  }
  if (service.selector === undefined) {
    refuse(`expose ${name}`, [
      `Service ${namespace}/${name} selects no pods, so no policy can stand before them`,
    ])
  }
  const path = ask.kind === 'notebook' ? `/notebook/${namespace}/${name}/` : '/'
  return {
    kind: ask.kind,
    namespace,
    name,
    destination: { host: `${name}.${namespace}.svc.cluster.local`, port: first.port },
    headers: {},
    selector: service.selector,
    podsKnown: workloadsOf(service, mesh.workloads).length > 0,
    behindLocalGateway: false,
    endpoints: [{ path, ...(ask.methods && { methods: ask.methods }) }],
  }
}
