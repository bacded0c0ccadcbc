/** One question put to a door: a request line, who asks, and the answer with everything looked at. */
import { actAs } from './act-as.ts'
import type { Check, CheckAnswer, Context, DoorRequest, HeaderList, Step } from './decision.ts'
import type { Door } from './door.ts'
import { type Entrance, entrances } from './entrances.ts'
import { decideFromInside } from './from-inside.ts'
import type { PathDecision } from './hop.ts'
import { identityHeaders, type Principal } from './principal.ts'
import { serviceHost } from './registry.ts'
import type { ProxyIdentity } from './seam.ts'
import { unmadeFor } from './serving/index.ts'
import { throughApplications, type WholePath } from './through-applications.ts'
import { assumption, listenerPort, sniOf, urlTarget } from './url-target.ts'
import { decidePath } from './walk.ts'
import { findBackend, injectionOf } from './workload-of.ts'

export interface Question {
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** What is sent as Host, port included. */
  readonly host: string
  /** The URL's own host and port, where another Host is sent: what is connected to, and the SNI. */
  readonly connectTo?: string
  readonly path: string
  readonly headers: HeaderList
  readonly body?: string
  readonly principal: Principal
  /** A client certificate's URI name, taken as trusted. */
  readonly certificate?: string
  /** Seconds since the epoch. */
  readonly now: number
  /** Instead of what the principal implies. */
  readonly answers?: readonly CheckAnswer[]
  /**
   * What a release's auth service says, where that is more than what the principal implies (`usual`).
   * `trusting`: signatures nobody here can check count as good.
   */
  readonly provider?: (check: Check, usual: CheckAnswer, trusting: boolean) => CheckAnswer
  /** Whether a token the question brought along verifies; undefined = nobody here can tell. */
  readonly signature?: (keyId: string, token: string) => boolean | undefined
  readonly gateway?: ProxyIdentity
}

export interface Explanation extends WholePath {
  /** The request as it was put to the first proxy. */
  readonly request: DoorRequest
  /** The gateway it was put to. */
  readonly entry: string
  /** Whether it was put to a Service by its own name instead, from a pod. */
  readonly inside: boolean
  /** The way past every gateway it took, where the URL's port is one. */
  readonly around?: Entrance
}

/** `no-listener`: no gateway of the mesh listens for that port. */
export type Unasked = { readonly problem: 'no-listener'; readonly entry: string; readonly port: number }

/** More checks than any mesh has proxies. */
const mostChecks = 32

export function explain(door: Door, question: Question): Explanation | Unasked {
  let unsure = false
  const sure = (trusting: boolean): Question => ({
    ...question,
    signature(keyId, token) {
      const known = question.signature?.(keyId, token)
      if (known === undefined && question.signature !== undefined) unsure = true
      return known ?? trusting
    },
    ...(question.provider && {
      provider: (check, usual) => question.provider?.(check, usual, trusting) ?? usual,
    }),
  })
  const trusted = explainOnce(door, sure(true))
  if (!unsure || 'problem' in trusted) return trusted
  const distrusted = explainOnce(door, sure(false))
  if ('problem' in distrusted || sameAnswer(trusted, distrusted)) return trusted
  return undecidedSignature(trusted, distrusted)
}

function sameAnswer(a: Explanation, b: Explanation): boolean {
  const what = ({ verdict, reason, decision }: Explanation) =>
    JSON.stringify([verdict, reason, 'status' in decision ? decision.status : decision.kind])
  return what(a) === what(b)
}

/** A token whose keys are not in the YAML: what happens depends on its signature. */
function undecidedSignature(good: Explanation, bad: Explanation): Explanation {
  const said = ({ verdict, decision }: Explanation) =>
    decision.kind === 'reply' ? `${verdict} (${decision.status} ${decision.body})` : verdict
  const step: Step = {
    hop: 0,
    phase: 'jwt',
    outcome: 'unknown',
    reason: 'signature-unknown',
    text: `the keys of its issuer are not in the YAML: with a good signature the answer is ${said(good)}, else ${said(bad)}`,
  }
  return { ...good, verdict: 'unknown', reason: 'signature-unknown', steps: [...good.steps, step] }
}

function explainOnce(door: Door, question: Question): Explanation | Unasked {
  const { principal } = question
  const acting = actAs(door.mesh, principal, question.now)
  // A forged identity the question words itself takes the place of the usual one.
  const worded = new Set(question.headers.map(([name]) => name.toLowerCase()))
  const own = acting.headers.filter(([name]) => !(identityHeaders.includes(name) && worded.has(name)))
  const headers = [...question.headers, ...own]
  const target = urlTarget(question)
  const asked = insideCaller(door, principal, target)
  const entrance = asked === undefined ? entranceAt(door, target.port) : undefined
  // Past every gateway a request comes to the pod as from anywhere outside the mesh.
  const around = entrance !== undefined && !entrance.atGateway ? entrance : undefined
  const caller = around === undefined ? asked : 'outside'
  const inside = caller !== undefined
  const entry = question.gateway ?? gatewayOf(door, entrance) ?? door.gateway()
  const wanted = entrance?.service.port ?? target.port
  const found = inside ? { port: wanted } : listenerPort(door, entry, wanted, question.scheme)
  if (found === undefined) return { problem: 'no-listener', entry: nameOf(entry), port: target.port }
  const { port } = found
  const { method, scheme, host, path, body, certificate } = question
  const request: DoorRequest = {
    method,
    scheme,
    host,
    path,
    headers,
    port,
    sourceIp: '127.0.0.1',
    ...(body !== undefined && { body }),
    ...(scheme === 'https' && { ...sniOf(target.name), alpn: ['http/1.1'] }),
    ...(certificate !== undefined && {
      peer: { uris: [certificate], dnsNames: [], subject: '', trusted: true },
    }),
  }
  const ask = (answers: readonly CheckAnswer[]): PathDecision => {
    const verified: Context['verified'] = (keyId, token) =>
      acting.verified(keyId, token) || question.signature?.(keyId, token) === true
    const context = { answers, now: question.now, verified }
    if (!inside) return decidePath(door, request, context, entry)
    const service = around?.service
    const named = service === undefined ? target.name : `${service.name}.${service.namespace}`
    const call = { host: serviceName(door, named), port, ...(caller !== 'outside' && { caller }) }
    return decideFromInside(door, request, context, call)
  }
  const answers: CheckAnswer[] = []
  for (;;) {
    const result = ask(answers)
    const { decision } = result
    if (decision.kind !== 'ask' || answers.length >= mostChecks) {
      const { verified } = acting
      const reviewed: Context['verified'] = (_, token) =>
        verified('', token) || question.signature?.('', token) === true
      const whole = throughApplications(door, result, {
        answers: answers.slice(result.checks.length),
        now: question.now,
        verified: reviewed,
      })
      const made = servingStep(door, whole, host) ?? profileStep(door, whole)
      const { steps, ...rest } = made ?? whole
      const assumed = found.as === undefined ? [] : assumption(target, found.as)
      return {
        ...rest,
        steps: [...assumed, ...steps],
        request,
        entry: nameOf(entry),
        inside,
        ...(around && { around }),
      }
    }
    answers.push(answerTo(question, acting.answer, decision.check, answers.length))
  }
}

/**
 * Who calls from inside: `mesh` and `outside` always do, and a service account does where the URL
 * names a Service of the cluster, for only its pods can resolve that. Undefined = it comes to the
 * gateway.
 */
function insideCaller(
  door: Door,
  principal: Principal,
  target: { readonly name: string; readonly port: number },
): { readonly namespace: string; readonly name: string } | 'outside' | undefined {
  const { mesh } = door
  if (principal.kind === 'outside') return 'outside'
  if (principal.kind === 'mesh') return principal
  if (principal.kind !== 'service-account') return undefined
  const full = serviceName(door, target.name)
  if (!mesh.services.some((one) => serviceHost(one.name, one.namespace) === full)) return undefined
  const pod = { namespace: principal.namespace, podLabels: {}, podAnnotations: {} }
  return injectionOf(mesh, pod) === 'sidecar' ? principal : 'outside'
}

/** What a node's port leads to. */
function entranceAt(door: Door, port: number): Entrance | undefined {
  return entrances(door).find(
    (one) => (one.kind === 'node-port' || one.kind === 'host-port') && one.port === port,
  )
}

function gatewayOf(door: Door, entrance: Entrance | undefined): ProxyIdentity | undefined {
  const { workload, atGateway } = entrance ?? {}
  if (workload === undefined || !atGateway) return undefined
  const pod = door.mesh.workloads.find(
    (one) => one.namespace === workload.namespace && one.name === workload.name,
  )
  return door.gateways.find((proxy) => proxy.labels === pod?.podLabels)
}

/**
 * A controller would have made a route for that host, and nobody can say which. Whatever routes of
 * other hosts say to it (`*` takes any) says nothing, unless a filter refuses before.
 */
function servingStep(door: Door, whole: WholePath, host: string): WholePath | undefined {
  const [first] = whole.hops
  const routed = first?.decision.kind === 'forward' || whole.verdict === 'not-found'
  if (!routed || whole.reason === 'no-such-call') return undefined
  const unmade = unmadeFor(door.mesh, host)
  if (unmade === undefined || isNamed(door, host)) return undefined
  const { object, at } = unmade
  const reason = 'route-not-given'
  const text = `the route its controller makes of ${object.name} is not in the YAML: ${unmade.text}`
  const step: Step = { hop: 0, phase: 'route', object, at, outcome: 'unknown', reason, text }
  return { ...whole, verdict: 'unknown', reason, steps: [...whole.steps, step] }
}

function isNamed(door: Door, host: string): boolean {
  const written = host.replace(/:\d*$/, '').toLowerCase()
  return door.mesh.virtualServices.some(({ hosts }) =>
    hosts.some(({ value }) => value.toLowerCase() === written),
  )
}

/**
 * A Profile's controller makes the ALLOW policy `ns-owner-access-istio` in its namespace. Where that is
 * not in the YAML it could let in what nothing else does, or keep out what no ALLOW policy is about.
 */
function profileStep(door: Door, whole: WholePath): WholePath | undefined {
  const { mesh } = door
  const last = whole.hops.at(-1)
  const namespace = last?.workload?.namespace
  const profile = mesh.profiles.find(({ name }) => name === namespace)
  if (last === undefined || profile === undefined) return undefined
  const { decision } = last
  const allowed = last.decision.steps.some(({ reason }) => reason === 'allow-rule-matched')
  const open = decision.kind === 'forward' ? !allowed : decision.reason === 'no-allow-rule-matched'
  const made = mesh.authorizationPolicies.some(
    (policy) => policy.namespace === namespace && policy.name === 'ns-owner-access-istio',
  )
  if (!open || made) return undefined
  const reason = 'profile-policy-not-given'
  const step: Step = {
    hop: last.hop,
    phase: 'allow',
    object: { kind: 'Profile', namespace: '', name: profile.name },
    at: profile.at,
    outcome: 'unknown',
    reason,
    text: 'AuthorizationPolicy ns-owner-access-istio, which its controller makes, is not in the YAML',
  }
  return { ...whole, verdict: 'unknown', reason, steps: [...whole.steps, step] }
}

function answerTo(
  question: Question,
  usual: (check: Check) => CheckAnswer,
  check: Check,
  index: number,
): CheckAnswer {
  const given = question.answers?.[index]
  if (given !== undefined) return given
  const implied = usual(check)
  return question.provider?.(check, implied, true) ?? implied
}

function nameOf(proxy: ProxyIdentity): string {
  return `${proxy.namespace}/${proxy.labels.istio ?? proxy.labels.app ?? 'gateway'}`
}

/** `name.ns` and `name.ns.svc` mean the Service too. */
function serviceName(door: Door, host: string): string {
  const [name, namespace, ...rest] = host.split('.')
  const short = rest.length === 0 || (rest.length === 1 && rest[0] === 'svc')
  const full = short ? `${name}.${namespace}.svc.cluster.local` : host
  return findBackend(door.mesh, full, 0).kind === 'none' && !short ? host : full
}
