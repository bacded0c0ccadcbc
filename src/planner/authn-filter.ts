/** The EnvoyFilter that asks for a sign-in at the door's pods, and what it says in the words of an extension provider. */
import { type AskingFilter, askingFilters, type Provider } from '../policy/index.ts'
import type { EditableObject } from './changes.ts'
import { deleteOf, updateOf } from './changes.ts'
import { type Entrance, type IntentWorld, podsOf } from './entrance.ts'
import type { Change, KubeObject } from './plan.ts'
import { findRaw, type RawObject } from './raw-door.ts'
import { refuse } from './refuse.ts'

export interface AuthnFilter extends AskingFilter {
  readonly raw: RawObject
}

type Pods = Entrance['pods']

const nameOf = ({ owner }: AskingFilter) => `\`${owner.namespace}/${owner.name}\``

export function asksBefore({ mesh }: Pick<IntentWorld, 'mesh'>, pods: Pods): readonly AskingFilter[] {
  const { namespace, podLabels: labels } = pods
  return askingFilters(mesh, { kind: 'gateway', namespace, labels })
}

/** @throws Fault ERR_INTENT_REFUSED where none asks, or one that cannot be edited */
export function findAuthnFilters(
  world: IntentWorld,
  intent: string,
  { pods }: Entrance,
): readonly [AuthnFilter, ...AuthnFilter[]] {
  const [first, ...others] = asksBefore(world, pods).map((asking) => {
    const { namespace, name } = asking.owner
    const raw = findRaw(world.door, { kind: 'EnvoyFilter', namespace, name })
    return raw === undefined
      ? refuse(intent, [`EnvoyFilter ${nameOf(asking)} is written in a way that cannot be edited`])
      : { ...asking, raw }
  })
  if (first !== undefined) return [first, ...others]
  return refuse(
    intent,
    ['no EnvoyFilter before the door’s pods asks an auth service'],
    'a door that asks by an AuthorizationPolicy has nothing to migrate; see `kfdoor split-gateway`',
  )
}

/** @throws Fault ERR_INTENT_REFUSED: of two that ask, taking one away leaves the other asking everywhere */
export function onlyOne(
  intent: string,
  [filter, ...others]: readonly [AuthnFilter, ...AuthnFilter[]],
): AuthnFilter {
  if (others.length === 0) return filter
  return refuse(
    intent,
    [
      `${others.length + 1} patches ask an auth service before the door’s pods: ${[filter, ...others].map(nameOf).join(', ')}`,
    ],
    'leave one of them, then ask again; `--by split-gateway` takes none away',
  )
}

/** Other gateways' pods it asks at too: `NS/NAME`. */
export function asksElsewhere(world: IntentWorld, { owner }: AskingFilter, door: Pods): readonly string[] {
  const served = new Set(world.mesh.gateways.map((gateway) => podsOf(world.mesh, gateway)))
  return [...served].flatMap((pods) =>
    pods === undefined || pods === door || !asksBefore(world, pods).some((one) => one.owner === owner)
      ? []
      : [`${pods.namespace}/${pods.name}`],
  )
}

/** Without its question. Whatever else it patches stays: a filter of its own, routes that are exempt. */
export function withoutAsking({ raw, owner, patch }: AuthnFilter): Change {
  const why = 'it asked at every listener of these pods'
  if (owner.configPatches.length === 1) return deleteOf(raw, 'opens', why)
  const at = owner.configPatches.indexOf(patch)
  const edit = ({ spec }: EditableObject) => spec.configPatches.splice(at, 1)
  return updateOf(raw, edit, 'opens', `${why}; its other patches stay`)
}

/** @throws Fault ERR_INTENT_REFUSED for what a provider cannot say */
export function providerFor(intent: string, filter: AuthnFilter, name: string): KubeObject {
  const cannot = (what: string): never =>
    refuse(intent, [`EnvoyFilter ${nameOf(filter)} ${what}, which a provider of the mesh cannot say`])
  const { provider } = filter
  if (provider === undefined) return cannot('configures ext_authz in a way that is not understood here')
  const [, port, service] = /^outbound\|(\d+)\|\|(.+)$/.exec(provider.cluster) ?? []
  if (service === undefined) return cannot(`asks cluster \`${provider.cluster}\``)
  if (provider.clearRouteCache) return cannot('chooses the route anew after the check')
  const { body, failOpen, statusOnError, timeoutMs } = provider
  const common = {
    service,
    port: Number(port),
    timeout: `${timeoutMs / 1000}s`,
    ...(failOpen && { failOpen }),
    ...(statusOnError !== 403 && { statusOnError: String(statusOnError) }),
    ...(body && {
      includeRequestBodyInCheck: {
        maxRequestBytes: body.maxBytes,
        ...(body.allowPartial && { allowPartialMessage: true }),
        ...(body.asBytes && { packAsBytes: true }),
      },
    }),
  }
  return provider.protocol === 'grpc'
    ? { name, envoyExtAuthzGrpc: common }
    : { name, envoyExtAuthzHttp: { ...common, ...overHttp(provider, cannot) } }
}

type HttpProvider = Extract<Provider, { readonly protocol: 'http' }>

function overHttp(provider: HttpProvider, cannot: (what: string) => never): KubeObject {
  if (provider.upstreamToAppend.length > 0) cannot('adds headers to those the request has')
  const listed = (key: string, names: HttpProvider['requestHeaders']) => {
    // Capitals match no header here, and would in a provider.
    const words = names.flatMap(({ kind, text }) => {
      if (kind === 'contains') cannot('names headers by what they contain')
      if (text !== text.toLowerCase()) return []
      return [{ exact: text, prefix: `${text}*`, suffix: `*${text}`, contains: '' }[kind]]
    })
    if (names.length > 0 && words.length === 0)
      cannot('names headers in capitals alone, so that none is meant')
    return words.length > 0 ? { [key]: words } : {}
  }
  const added = Object.fromEntries(provider.addedHeaders)
  return {
    ...(provider.pathPrefix !== '' && { pathPrefix: provider.pathPrefix }),
    ...listed('includeRequestHeadersInCheck', provider.requestHeaders),
    ...(provider.addedHeaders.length > 0 && { includeAdditionalHeadersInCheck: added }),
    ...listed('headersToUpstreamOnAllow', provider.upstreamOnAllow),
    ...listed('headersToDownstreamOnDeny', provider.downstreamOnDeny),
    ...listed('headersToDownstreamOnAllow', provider.downstreamOnAllow),
  }
}
