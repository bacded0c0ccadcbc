import type { Authorizers, DoorPort, Upstream, UpstreamTarget } from '../../gateway/index.ts'
import { createVerifier } from '../../identity/index.ts'
import type { Mesh } from '../../mesh/index.ts'
import { servedPair } from '../../pki/index.ts'
import { compileDoor, type Door, type HeaderList, type ProxyIdentity } from '../../policy/index.ts'
import { identityHeaders } from '../identity-headers.ts'
import { gatewayPlans, sidecarPlans, type TlsServers } from './connections.ts'
import type { FetchedKeys } from './keys.ts'
import type { ServeGatewayOptions } from './options.ts'
import { placeOf, principalIn, type Secrets, secretsOf } from './secrets.ts'
import type { Upstreams } from './upstreams.ts'
import { type ServedProxy, servedProxy } from './workload.ts'

/** What stays the same when the YAML changes. */
export interface Surroundings {
  readonly options: ServeGatewayOptions
  /** Where a cluster is, before the options are looked at. */
  readonly upstream?: (target: UpstreamTarget) => Upstream | undefined
  readonly upstreams: Upstreams
  readonly authorizers: Authorizers
  readonly keys: FetchedKeys
  readonly servers: TlsServers
}

export interface Built {
  readonly mesh: Mesh
  readonly door: Door
  readonly served: ServedProxy
  readonly port: DoorPort
  readonly unserved: readonly string[]
}

/** One mesh, ready to be served. */
export function build(mesh: Mesh, around: Surroundings): Built {
  const { options, upstreams, authorizers, keys, servers } = around
  const secrets = secretsOf(mesh, options.secrets)
  const own = options.meshIdentity && principalIn(options.meshIdentity.certPem)
  const door = compileDoor(mesh, {
    fetched: keys.text,
    ...(options.istioVersion !== undefined && { istioVersion: options.istioVersion }),
    ...(own !== undefined && { workloadPrincipal: own }),
    certificatePrincipal: (namespace, name) => certificateOf(secrets, namespace, name),
  })
  const served = servedProxy(door, options.workload)
  const { proxy } = served
  const plans =
    proxy.kind === 'gateway'
      ? gatewayPlans(door, proxy, secrets, servers, options)
      : sidecarPlans(door, proxy, servers, options)
  return {
    mesh,
    door,
    served,
    unserved: plans.unserved,
    port: {
      ...verifying(door, proxy),
      decide: (request, context) => door.decide(proxy, request, { ...context, trace: false }),
      ask: (check, until, body) => {
        const url = options.providers[check.provider] ?? upstreams.url(check.service)
        if (url === undefined) return { status: 0, headers: [], failure: 'reset' }
        return authorizers.ask(url, check, until.signal, body)
      },
      upstream: (target) => around.upstream?.(target) ?? upstreams.of(target),
      plan: (_listener, arrival) => plans.plan(arrival),
      secure: ({ targetPort }) =>
        proxy.kind === 'gateway' &&
        door
          .listeners(proxy)
          .listeners.some(({ port, chains }) => port === targetPort && chains.some(({ tls }) => tls)),
      identityHeaders: identityHeaders(mesh),
    },
  }
}

function certificateOf(secrets: Secrets, namespace: string, name: string): string | undefined {
  const material = servedPair(secrets.get(...placeOf(name, namespace)))
  return material && principalIn(material.certPem)
}

/** Every signature one proxy may ask about, checked before it asks. */
function verifying(door: Door, proxy: ProxyIdentity): Pick<DoorPort, 'verify'> {
  const verifier = createVerifier(door.keys(proxy).map(({ id, jwk }) => ({ id, jwk: jwk as JsonWebKey })))
  return {
    verify(request, answers) {
      let tokens = door.tokensIn(request, proxy)
      for (const { headers, grpc } of answers) {
        const given = [...headers, ...grpcHeaders(grpc)]
        if (given.length > 0) tokens = [...tokens, ...door.tokensIn({ headers: given, path: '/' }, proxy)]
      }
      if (tokens.every((token) => verifier.knows(token))) return verifier.verified
      return verifier.prepare(tokens).then(() => verifier.verified)
    },
  }
}

/** Headers a CheckResponse sets on the request. */
function grpcHeaders(grpc: unknown): HeaderList {
  const { ok } = (grpc ?? {}) as { ok?: { headers?: HeaderList } }
  return ok?.headers ?? []
}
