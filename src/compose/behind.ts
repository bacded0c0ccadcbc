import type { Clock } from '../base/index.ts'
import { createKserve, createModelsApp } from '../behind/kserve/index.ts'
import { createEcho, createLanding, type Routed, type SignOut } from '../behind/landing/index.ts'
import { createAccessReview, createPipelines, pipelinesSettings } from '../behind/pipelines/index.ts'
import type { Upstream, WebHandler } from '../gateway/index.ts'
import type { ServiceAccountIssuer } from '../identity/index.ts'
import type { Mesh } from '../mesh/index.ts'
import { type MeshName, parseMeshName, shortName } from './mesh-names.ts'
import { listenPastTheDoor } from './past-the-door.ts'
import type { State } from './state.ts'
import type { UpOptions } from './up-options.ts'

/** What stands behind a local door, by mesh name. */
export interface Behind {
  /** Where a Service's requests go, with this Host header; undefined = nothing stands there. */
  upstream(
    host: string,
    port: number,
    contentType: string | undefined,
    authority: string,
  ): Upstream | undefined
  readonly direct: { readonly pipelines: string; readonly kserve: string }
  readonly models: readonly { readonly namespace: string; readonly name: string }[]
  /** Reads a changed mesh: new models, new roles. */
  replace(mesh: Mesh): void
  close(): Promise<void>
}

export interface BehindOptions {
  readonly mesh: Mesh
  readonly up: Pick<UpOptions, 'singleUser' | 'upstreams' | 'echo' | 'runOutcome' | 'address'>
  readonly state: State
  readonly accounts: ServiceAccountIssuer
  readonly profile: string
  readonly signOut: SignOut
  /** Handlers that other rooms have for mesh names: Dex, the auth service. */
  readonly handlers: (service: string, namespace: string) => WebHandler | undefined
  readonly clock: Clock
}

/** Service names of Kubeflow's own parts; the namespace is the installer's choice. */
const pipelinesServices = new Set(['ml-pipeline', 'ml-pipeline-ui'])
const dashboardServices = new Set(['centraldashboard'])

export async function startBehind(options: BehindOptions): Promise<Behind> {
  const { up, state, accounts, clock } = options
  let mesh = options.mesh
  let review = createAccessReview(mesh)
  let models = modelsOf(mesh)
  const settings = pipelinesSettings(mesh)
  const pipelines = createPipelines({
    store: state.database('pipelines.db'),
    ...settings,
    multiUser: settings.multiUser && !up.singleUser,
    tokenReview: async (token, audiences) => {
      const status = accounts.review(token, audiences)
      return status.authenticated
        ? { authenticated: true, username: status.user.username, audiences: status.audiences }
        : { authenticated: false, error: status.error }
    },
    accessReview: (question) => review(question),
    runOutcome: up.runOutcome,
    clock,
  })
  const kserve = createKserve({
    models: () => models,
    // KServe up to 0.9 read a body as JSON whatever its content type said; v1.6 has 0.8.
    ...(options.profile === 'v1.6' ? { bodies: 'always-json' as const } : {}),
    clock,
  })
  const pastPipelines = await listenPastTheDoor(pipelines.handle, loopback(up.address))
  const pastKserve = await kserve.listen({ address: loopback(up.address), port: 0 })
  const kserveUrl = `http://127.0.0.1:${pastKserve.port}`
  const landing = createLanding({
    routes: () => routesOf(mesh),
    userHeader: settings.userIdHeader,
    namespaces: (user) => namespacesOf(mesh, user),
    signOut: options.signOut,
    version: options.profile,
  })
  const modelsApp = createModelsApp({
    models: () => mesh.inferenceServices,
    userHeader: settings.userIdHeader,
    maySee: (user, namespace) => namespacesOf(mesh, user).some((row) => row.namespace === namespace),
  })
  // One object for one place, always the same: the gateway keeps connections by it.
  const own = new Map(
    up.upstreams.map(({ host, url }) => {
      const name = parseMeshName(host)
      return [name ? withPort(shortName(name), name.port) : host, place(url)] as const
    }),
  )
  const predictors = place(kserveUrl)
  const embedded = new Map<string, Upstream>([
    ...[...pipelinesServices].map(
      (service) => [service, { kind: 'handler', handle: pipelines.handle }] as const,
    ),
    ['kserve-models-web-app', { kind: 'handler', handle: modelsApp }],
    ...[...dashboardServices].map((service) => [service, { kind: 'handler', handle: landing }] as const),
  ])
  const others = new Map<string, Upstream | undefined>()
  const handlerOf = (name: MeshName): Upstream | undefined => {
    const key = shortName(name)
    if (!others.has(key)) {
      const handle = options.handlers(name.service, name.namespace)
      others.set(key, handle && { kind: 'handler', handle })
    }
    return others.get(key)
  }
  const echo: Upstream | undefined = up.echo ? { kind: 'handler', handle: createEcho() } : undefined

  return {
    direct: { pipelines: pastPipelines.url, kserve: kserveUrl },
    get models() {
      return models
    },
    upstream(host, port, contentType, authority) {
      const speaks = contentType?.startsWith('application/grpc') ? 'h2' : 'h1'
      const name = parseMeshName(host)
      // A model's Service names a revision; people name the model's own host, which the request carries.
      const asked = parseMeshName(authority)
      for (const one of [name, asked]) {
        const given = one && (own.get(`${shortName(one)}:${port}`) ?? own.get(shortName(one)))
        if (given) return given[speaks]
      }
      if (!name) return (own.get(`${host}:${port}`) ?? own.get(host))?.[speaks] ?? echo
      const handler = handlerOf(name) ?? embedded.get(name.service)
      if (handler) return handler
      return isPredictor(models, name.service, name.namespace) ? predictors[speaks] : echo
    },
    replace(next) {
      mesh = next
      review = createAccessReview(mesh)
      models = modelsOf(mesh)
    },
    close: async () => {
      pastPipelines.close()
      await pastKserve.close()
      pipelines.close()
    },
  }
}

/** A server by its URL, as HTTP/1.1 and as gRPC reach it. */
function place(url: string): { readonly h1: Upstream; readonly h2: Upstream } {
  return { h1: { kind: 'origin', url }, h2: { kind: 'origin', url, h2: true } }
}

const withPort = (name: string, port: number | undefined) => (port === undefined ? name : `${name}:${port}`)

/** Past the door means on this machine, whatever the door listens on. */
const loopback = (address: string) => (address === '::1' ? '::1' : '127.0.0.1')

function modelsOf(mesh: Mesh): { namespace: string; name: string; protocol: 'v1' | 'v2' }[] {
  return mesh.inferenceServices.map(({ namespace, name, protocolVersion }) => ({
    namespace,
    name,
    protocol: protocolVersion === 'v2' ? 'v2' : 'v1',
  }))
}

/** `NAME-predictor`, `NAME-predictor-default`, with a revision or not: Services of a model's pods. */
function isPredictor(
  models: readonly { readonly namespace: string; readonly name: string }[],
  service: string,
  namespace: string,
): boolean {
  return models.some(
    (model) =>
      model.namespace === namespace &&
      (service === model.name || service.startsWith(`${model.name}-predictor`)),
  )
}

function namespacesOf(mesh: Mesh, user: string): { namespace: string; role: string }[] {
  const owned = mesh.profiles.filter(({ owner }) => owner.name === user).map(({ name }) => name)
  const shared = mesh.roleBindings.flatMap((binding) =>
    binding.kind === 'RoleBinding' &&
    binding.subjects.some(({ kind, name }) => kind === 'User' && name === user)
      ? [{ namespace: binding.namespace, role: binding.roleRef.name.replace(/^kubeflow-/, '') }]
      : [],
  )
  const rows = [...owned.map((namespace) => ({ namespace, role: 'admin' })), ...shared]
  return rows.filter((row, i) => rows.findIndex(({ namespace }) => namespace === row.namespace) === i)
}

function routesOf(mesh: Mesh): Routed[] {
  return mesh.virtualServices.flatMap((service) =>
    service.http.flatMap((route) => {
      const [first] = route.route
      if (!first || !service.gateways?.some(({ value }) => value.includes('kubeflow-gateway'))) return []
      const { host, port } = first.destination
      const name = parseMeshName(host.value)
      return (route.match ?? [undefined]).flatMap((match) => {
        if (match?.uri === undefined && match?.authority !== undefined) return []
        return {
          prefix: match?.uri?.text ?? '/',
          host: service.hosts.find(({ value }) => value === '*')?.value ?? service.hosts[0]?.value ?? '*',
          destination: `${name ? shortName(name) : host.value}${port === undefined ? '' : `:${port}`}`,
          kind: kindOf(name?.service ?? ''),
        }
      })
    }),
  )
}

function kindOf(service: string): string {
  if (service === 'kserve-models-web-app') return 'list of models'
  if (pipelinesServices.has(service)) return 'Pipelines API'
  if (dashboardServices.has(service)) return 'this page'
  if (service === 'knative-local-gateway') return 'KServe model'
  if (service === 'dex') return 'issuer'
  if (service === 'oauth2-proxy') return 'auth service'
  return 'nothing behind it here'
}
