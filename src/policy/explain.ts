/** One question put to a door: a request line, who asks, and the answer with everything looked at. */
import { actAs } from './act-as.ts'
import type { Check, CheckAnswer, DoorRequest, HeaderList } from './decision.ts'
import type { Door } from './door.ts'
import { serviceTargets } from './gateway-selection.ts'
import { resolvePorts } from './gateway-servers.ts'
import { decideFromInside, decidePath, type PathDecision } from './path.ts'
import type { Principal } from './principal.ts'
import type { ProxyIdentity } from './seam.ts'
import { findBackend } from './workload-of.ts'

export interface Question {
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** As it stands in the URL, port included. */
  readonly host: string
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
  readonly gateway?: ProxyIdentity
}

export interface Explanation extends PathDecision {
  /** The request as it was put to the first proxy. */
  readonly request: DoorRequest
  readonly entry: string
}

/** `no-listener`: no gateway of the mesh listens for that port. */
export type Unasked = { readonly problem: 'no-listener'; readonly entry: string; readonly port: number }

/** More checks than any mesh has proxies. */
const mostChecks = 32

export function explain(door: Door, question: Question): Explanation | Unasked {
  const { principal } = question
  const acting = actAs(door.mesh, principal, question.now)
  const headers = [...question.headers, ...acting.headers]
  const inside = principal.kind === 'mesh' || principal.kind === 'outside'
  const target = urlTarget(question)
  const entry = question.gateway ?? door.gateway()
  const port = inside ? target.port : listenerPort(door, entry, target.port, question.scheme)
  if (port === undefined) return { problem: 'no-listener', entry: nameOf(entry), port: target.port }
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
    ...(scheme === 'https' && { sni: target.name, alpn: ['http/1.1'] }),
    ...(certificate !== undefined && {
      peer: { uris: [certificate], dnsNames: [], subject: '', trusted: true },
    }),
  }
  const ask = (answers: readonly CheckAnswer[]): PathDecision => {
    const context = { answers, now: question.now, verified: acting.verified }
    if (!inside) return decidePath(door, request, context, entry)
    const caller = principal.kind === 'mesh' ? principal : undefined
    return decideFromInside(door, request, context, { host: serviceName(door, target.name), port, caller })
  }
  const answers: CheckAnswer[] = []
  for (;;) {
    const result = ask(answers)
    const { decision } = result
    if (decision.kind !== 'ask' || answers.length >= mostChecks) {
      return { ...result, request, entry: inside ? 'inside the mesh' : nameOf(entry) }
    }
    answers.push(answerTo(question, acting.answer, decision.check, answers.length))
  }
}

function answerTo(
  question: Question,
  usual: (check: Check) => CheckAnswer,
  check: Check,
  index: number,
): CheckAnswer {
  return question.answers?.[index] ?? usual(check)
}

function nameOf(proxy: ProxyIdentity): string {
  return `${proxy.namespace}/${proxy.labels.istio ?? proxy.labels.app ?? 'gateway'}`
}

function urlTarget(question: Question): { readonly name: string; readonly port: number } {
  const match = /^(.*?)(?::(\d+))?$/.exec(question.host)
  const usual = question.scheme === 'https' ? 443 : 80
  return { name: match?.[1] ?? question.host, port: match?.[2] === undefined ? usual : Number(match[2]) }
}

/** The URL's port through the gateway's Service; a door on a laptop stands for 443 and 80. */
function listenerPort(
  door: Door,
  proxy: ProxyIdentity,
  port: number,
  scheme: 'http' | 'https',
): number | undefined {
  const targets = serviceTargets(door.mesh, proxy.namespace, proxy.labels)
  const open = new Set(door.listeners(proxy).listeners.map((listener) => listener.port))
  const usual = scheme === 'https' ? 443 : 80
  for (const candidate of [port, usual]) {
    for (const resolved of resolvePorts(candidate, targets, true)) if (open.has(resolved)) return resolved
  }
  return undefined
}

/** `name.ns` and `name.ns.svc` mean the Service too. */
function serviceName(door: Door, host: string): string {
  const [name, namespace, ...rest] = host.split('.')
  const short = rest.length === 0 || (rest.length === 1 && rest[0] === 'svc')
  const full = short ? `${name}.${namespace}.svc.cluster.local` : host
  return findBackend(door.mesh, full, 0).kind === 'none' && !short ? host : full
}
