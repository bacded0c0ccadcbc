import {
  type Context,
  type Door,
  type DoorRequest,
  decideFromInside,
  nextHop,
  type PathDecision,
  sidecarOf,
} from '../../src/policy/index.ts'
import {
  type ChainOutcome,
  type ChainRequest,
  comparable,
  directly,
  gatewayPort,
  publicHost,
  sniOf,
  someClient,
  typeOf,
} from './chain.ts'

const context: Context = { answers: [], now: 0, verified: () => false }

/** What the engine says of the whole way, in the form of what the Envoys did. */
export function decideChain(door: Door, { caller, ...sent }: ChainRequest): ChainOutcome {
  const request: DoorRequest = {
    ...sent,
    scheme: 'http',
    host: publicHost,
    port: gatewayPort,
    sourceIp: sent.sourceIp ?? someClient,
  }
  if (caller === 'gateway') return outcomeOf(door.decidePath(request, context))
  const inside = { ...request, host: directly.host }
  if (caller === 'plain text') return outcomeOf(decideFromInside(door, inside, context, directly))
  const [namespace, name] = caller.split('/')
  if (namespace !== undefined && name !== undefined) {
    return outcomeOf(decideFromInside(door, inside, context, { ...directly, caller: { namespace, name } }))
  }
  const next = nextHop(door, { destination: directly }, 0, false)
  if (next.kind !== 'sidecar') throw new Error(`${directly.host} has no sidecar`)
  const { workload, port } = next.backend
  const foreign = {
    uris: ['spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account'],
    dnsNames: [],
    subject: '',
    trusted: false,
  }
  const decision = door.decide(
    sidecarOf(workload),
    {
      ...inside,
      scheme: 'https',
      port,
      sni: sniOf(directly),
      alpn: directly.alpn,
      ...(caller === 'foreign certificate' && { peer: foreign }),
    },
    context,
  )
  return outcomeOf({ decision, workload })
}

function outcomeOf({ decision, workload }: Pick<PathDecision, 'decision' | 'workload'>): ChainOutcome {
  switch (decision.kind) {
    case 'drop':
      return { error: decision.error }
    case 'reply':
      return { status: decision.status, body: decision.body, ...typeOf(decision.headers) }
    case 'forward': {
      const { method, path, host, headers, proxyHeaders = [] } = decision
      const name = workload?.name ?? decision.upstream
      return {
        status: 200,
        body: `echo ${name}`,
        type: 'text/plain',
        saw: { workload: name, method, path, host, headers: comparable([...headers, ...proxyHeaders]) },
      }
    }
    default:
      return { error: `${decision.kind}: ${decision.reason}` }
  }
}
