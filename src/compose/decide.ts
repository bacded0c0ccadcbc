import type { Decide, DoorPort, ListenerSpec } from '../gateway/index.ts'
import { createVerifier, isFitPayload } from '../identity/index.ts'
import type { Mesh } from '../mesh/index.ts'
import {
  type Decision,
  type Door,
  type DropDecision,
  decidePath,
  type ForwardDecision,
  type HeaderList,
  type PathDecision,
  type ProxyIdentity,
} from '../policy/index.ts'

/**
 * One door as the gateway asks it: the whole way, hop by hop, as one decision; and every signature
 * checked before it is asked about.
 */
export function decideWholePath(
  door: Door,
  hardening: 'default' | 'istio-parity' = 'default',
): Pick<DoorPort, 'decide' | 'verify'> {
  const entries = new Map<string, ProxyIdentity>()
  const entryOf = (listener: ListenerSpec): ProxyIdentity => {
    const known = entries.get(listener.gateway)
    if (known) return known
    const workload = door.mesh.workloads.find((one) => `${one.namespace}/${one.name}` === listener.gateway)
    const entry = workload
      ? door.gateway({ namespace: workload.namespace, labels: workload.podLabels })
      : door.gateway()
    entries.set(listener.gateway, entry)
    return entry
  }
  const decide: Decide = (request, context, listener) =>
    asOneDecision(decidePath(door, request, { ...context, trace: false }, entryOf(listener)))

  const judges = [...door.gateways, ...sidecarsWithTokens(door.mesh)]
  const verifier = createVerifier(
    judges.flatMap((proxy) => door.keys(proxy)).map(({ id, jwk }) => ({ id, jwk: jwk as JsonWebKey })),
    undefined,
    hardening === 'default' ? isFitPayload : undefined,
  )
  const verify: DoorPort['verify'] = (request, answers) => {
    let unknown: string[] | undefined
    const collect = (headers: HeaderList, path: string) => {
      for (const proxy of judges) {
        for (const token of door.tokensIn({ headers, path }, proxy)) {
          if (!verifier.knows(token)) unknown = [...(unknown ?? []), token]
        }
      }
    }
    // It is asked again with each further answer; what was looked at before is known by now.
    const last = answers.at(-1)
    if (last) collect(last.headers, '/')
    else collect(request.headers, request.path)
    if (!unknown) return verifier.verified
    return verifier.prepare(unknown).then(() => verifier.verified)
  }
  return { decide, verify }
}

/** Sidecars whose workloads some RequestAuthentication selects; most meshes have none. */
function sidecarsWithTokens(mesh: Mesh): readonly ProxyIdentity[] {
  return mesh.workloads
    .filter((workload) =>
      mesh.requestAuthentications.some(
        ({ namespace, selector = {} }) =>
          (namespace === workload.namespace || namespace === mesh.meshConfig.rootNamespace) &&
          Object.entries(selector).every(([key, value]) => workload.podLabels[key] === value),
      ),
    )
    .map((workload) => ({
      kind: 'sidecar' as const,
      namespace: workload.namespace,
      labels: workload.podLabels,
      serviceAccount: workload.serviceAccount,
    }))
}

/**
 * What the first proxy's client gets in the end. Where the request came through, the last hop says
 * with which headers, and the last gateway to which Service; answers pass back through every hop's
 * header operations, the innermost first.
 */
function asOneDecision(path: PathDecision): Decision {
  const { decision, hops, checks, steps, verdict, reason } = path
  const last = hops.at(-1)?.decision
  if (verdict === 'unknown' && decision.kind === 'forward') {
    return { kind: 'unknown', verdict, reason, steps, checks }
  }
  const common = { verdict, reason, steps, checks }
  // A later proxy that closes the connection is, for the first one's client, an upstream that failed.
  if (last?.kind === 'drop' && hops.length > 1) return { ...common, ...failedUpstream(last.error) }
  if (decision.kind !== 'forward') return { ...decision, ...common }
  const forwards = hops
    .map((hop) => hop.decision)
    .filter((each): each is ForwardDecision => each.kind === 'forward')
  if (forwards.length === 1) return { ...decision, ...common }
  const outer = forwards.filter(({ upstream }) => !upstream.startsWith('inbound|'))
  const service = outer.at(-1) ?? decision
  const [first = decision] = forwards
  const inwardOut = [...forwards].reverse()
  return {
    ...decision,
    ...common,
    upstream: service.upstream,
    destination: service.destination,
    // What the first gateway says of the client; the proxies behind it only know each other.
    ...(first.proxyHeaders && { proxyHeaders: first.proxyHeaders }),
    timeoutMs: shortest(forwards.map(({ timeoutMs }) => timeoutMs)),
    ...(first.retries ? { retries: first.retries } : {}),
    ...(first.delayMs ? { delayMs: first.delayMs } : {}),
    response: {
      remove: inwardOut.flatMap(({ response }) => response.remove),
      set: inwardOut.flatMap(({ response }) => response.set),
      add: inwardOut.flatMap(({ response }) => response.add),
    },
  }
}

/** Envoy's words for it (`source/common/router/router.cc`, `source/common/http/utility.cc`). */
function failedUpstream(error: DropDecision['error']) {
  const why =
    error === 'connect: refused'
      ? 'remote connection failure, transport failure reason: delayed connect error: Connection refused'
      : error === 'tls handshake failed'
        ? 'remote connection failure'
        : 'connection termination'
  return {
    kind: 'reply' as const,
    status: 503,
    headers: [['content-type', 'text/plain']] as HeaderList,
    body: `upstream connect error or disconnect/reset before headers. reset reason: ${why}`,
  }
}

function shortest(times: readonly (number | undefined)[]): number | undefined {
  const set = times.filter((time): time is number => time !== undefined && time > 0)
  return set.length === 0 ? undefined : Math.min(...set)
}
