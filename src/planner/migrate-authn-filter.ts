/** Away from the EnvoyFilter that asks for a sign-in at every listener of the door's pods. */
import { Fault, isFault } from '../base/index.ts'
import { type AccessDiff, diffAccess } from '../regions/index.ts'
import { createOf, deleteOf, type EditableObject, updateOf } from './changes.ts'
import { type Entrance, findEntrance, type IntentWorld } from './entrance.ts'
import { withProvider } from './mesh-config.ts'
import type { Change, Intended, KubeObject } from './plan.ts'
import { meshAfter } from './plan-of.ts'
import { findRaw, type RawObject } from './raw-door.ts'
import { splitGateway } from './split-gateway.ts'

/** In the order they are offered: each opens more than the one before. */
const authnWays = ['split-gateway', 'hosts', 'paths'] as const
export type AuthnWay = (typeof authnWays)[number]

export interface AuthnFilterAsk {
  readonly gateway?: string
  readonly local?: string
  /** `hosts`: where people sign in. */
  readonly hosts?: readonly string[]
  /** `paths`: what is not asked about. */
  readonly paths?: readonly string[]
  readonly provider?: string
}

const INTENT = 'migrate authn-filter'

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function migrateAuthnFilter(world: IntentWorld, way: AuthnWay, ask: AuthnFilterAsk): Intended {
  const entrance = findEntrance(world, INTENT, ask.gateway)
  const filter = findFilter(world, entrance)
  if (way === 'split-gateway') return splitGateway(world, ask, INTENT)
  const missing = way === 'hosts' ? !ask.hosts?.length : !ask.paths?.length
  if (missing) {
    throw new Fault('ERR_USAGE', {
      message:
        way === 'hosts' ? 'which hosts sign in is not said' : 'which paths are not asked about is not said',
      next: way === 'hosts' ? 'name them with `--host`' : 'name them with `--path`, for example `/v1/*`',
    })
  }
  const provider = ask.provider ?? 'dex-auth-provider'
  const known = withProvider(world, INTENT, providerOf(filter.patch, provider))
  const operation = way === 'hosts' ? { hosts: withPorts(ask.hosts ?? []) } : { notPaths: ask.paths }
  const policy: KubeObject = {
    apiVersion: 'security.istio.io/v1beta1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'dex-auth', namespace: entrance.pods.namespace },
    spec: {
      selector: { matchLabels: filter.selector },
      action: 'CUSTOM',
      provider: { name: provider },
      rules: [{ to: [{ operation }] }],
    },
  }
  const there = findRaw(world.door, {
    kind: 'AuthorizationPolicy',
    namespace: entrance.pods.namespace,
    name: 'dex-auth',
  })
  if (there !== undefined) {
    throw new Fault('ERR_INTENT_REFUSED', {
      intent: INTENT,
      reasons: [`there is an AuthorizationPolicy \`${entrance.pods.namespace}/dex-auth\` already`],
    })
  }
  return {
    changes: [
      ...(known ? [known] : []),
      createOf(
        policy,
        'neutral',
        way === 'hosts'
          ? 'these hosts are asked for a sign-in'
          : 'everything but these paths is asked for a sign-in',
      ),
      ...(way === 'hosts' ? hostsOnly(entrance, ask.hosts ?? []) : []),
      deleteOf(filter.raw, 'opens', 'it asked at every listener of these pods'),
    ],
    risks: [
      'istiod does not have to restart: it watches the ConfigMap of the mesh’s configuration',
      ...(way === 'paths'
        ? [
            'a path is anybody’s to send: whatever serves these paths at the door is open to whoever has the URL, from outside too',
            'the paths are a list by hand: each new model on another path has to be added',
          ]
        : [
            'a host is a header, and anybody’s to send: the Gateway serves the named hosts only from now on, so that another one leads nowhere',
          ]),
    ],
    callers: [],
  }
}

/** A way with what it would do to the door; `refused` = it is none here, and why. */
export type AuthnOffer =
  | { readonly way: AuthnWay; readonly intended: Intended; readonly access: AccessDiff }
  | { readonly way: AuthnWay; readonly refused: string }

/** All ways side by side, for a person to choose; what is not named is taken as the third field report had it. */
export function authnOffers(world: IntentWorld, ask: AuthnFilterAsk): readonly AuthnOffer[] {
  const { mesh, door, now, view } = world
  findFilter(world, findEntrance(world, INTENT, ask.gateway))
  const whole = { ...ask, hosts: ask.hosts ?? ['kubeflow.example.com'], paths: ask.paths ?? ['/v1/*'] }
  return authnWays.map((way) => {
    try {
      const intended = migrateAuthnFilter(world, way, whole)
      const after = meshAfter(door, intended.changes)
      return { way, intended, access: diffAccess(mesh, after, { now, old: view(mesh), new: view(after) }) }
    } catch (error) {
      if (!isFault(error)) throw error
      return { way, refused: error.message }
    }
  })
}

/** Istio compares the port too, where a client sends one. */
const withPorts = (hosts: readonly string[]) =>
  hosts.flatMap((host) => (host.includes(':') ? [host] : [host, `${host}:*`]))

function hostsOnly({ raw }: Entrance, hosts: readonly string[]): readonly Change[] {
  const servers = ((raw.object.spec as EditableObject | undefined)?.servers ?? []) as EditableObject[]
  if (!servers.some((server) => (server.hosts as string[]).includes('*'))) return []
  return [
    updateOf(
      raw,
      (copy) => {
        for (const server of copy.spec.servers as EditableObject[]) {
          if (server.hosts.includes('*')) server.hosts = [...hosts]
        }
      },
      'neutral',
      'the door serves these hosts; another Host header leads to no page of Kubeflow',
    ),
  ]
}

interface Filter {
  readonly raw: RawObject
  readonly selector: Readonly<Record<string, string>>
  /** The `typed_config` of ext_authz. */
  readonly patch: EditableObject
}

function findFilter({ door, mesh }: IntentWorld, { pods }: Entrance): Filter {
  for (const { namespace, name, workloadSelector } of mesh.envoyFilters) {
    const raw = findRaw(door, { kind: 'EnvoyFilter', namespace, name })
    const patches = ((raw?.object.spec as EditableObject | undefined)?.configPatches ??
      []) as EditableObject[]
    const config = patches.find(
      ({ applyTo, patch }) => applyTo === 'HTTP_FILTER' && /ext_authz/.test(String(patch?.value?.name)),
    )
    if (raw === undefined || config === undefined) continue
    const selector = workloadSelector ?? {}
    if (Object.entries(selector).some(([key, value]) => pods.podLabels[key] !== value)) continue
    return { raw, selector, patch: (config.patch.value.typed_config ?? {}) as EditableObject }
  }
  throw new Fault('ERR_INTENT_REFUSED', {
    intent: INTENT,
    reasons: ['no EnvoyFilter before the door’s pods asks an auth service'],
    next: 'a door that asks by an AuthorizationPolicy has nothing to migrate; see `kfdoor split-gateway`',
  })
}

/** What the filter says, in the words of an extension provider. @throws Fault ERR_INTENT_REFUSED for what it cannot say */
function providerOf(config: EditableObject, name: string): KubeObject {
  const refuse = (reason: string): never => {
    throw new Fault('ERR_INTENT_REFUSED', { intent: INTENT, reasons: [reason] })
  }
  const http = config.http_service as EditableObject | undefined
  const [, port, , service] = String(http?.server_uri?.cluster ?? '').split('|')
  if (!http || !service || !port) return refuse('the filter does not ask over HTTP at a Service of the mesh')
  const words = (list: EditableObject | undefined, what: string): readonly string[] =>
    ((list?.patterns ?? []) as EditableObject[]).map((pattern) => {
      if (typeof pattern.exact === 'string') return pattern.exact
      if (typeof pattern.prefix === 'string') return `${pattern.prefix}*`
      return refuse(`the filter names ${what} by a pattern a provider does not have`)
    })
  const listed = (key: string, list: readonly string[]) => (list.length > 0 ? { [key]: list } : {})
  return {
    name,
    envoyExtAuthzHttp: {
      service,
      port: Number(port),
      ...(http.server_uri.timeout && { timeout: http.server_uri.timeout }),
      ...(config.failure_mode_allow && { failOpen: true }),
      ...(http.path_prefix && { pathPrefix: http.path_prefix }),
      ...listed(
        'includeRequestHeadersInCheck',
        words(http.authorization_request?.allowed_headers, 'request headers'),
      ),
      ...listed(
        'headersToUpstreamOnAllow',
        words(http.authorization_response?.allowed_upstream_headers, 'headers for the workload'),
      ),
      ...listed(
        'headersToDownstreamOnDeny',
        words(http.authorization_response?.allowed_client_headers, 'headers for the caller'),
      ),
    },
  }
}
