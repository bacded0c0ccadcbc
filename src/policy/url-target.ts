/** Where a URL leads: to which name, and to which of a gateway's listeners. */
import type { DoorRequest, Step } from './decision.ts'
import type { Door } from './door.ts'
import type { Question } from './explain.ts'
import { serviceTargets } from './gateway-selection.ts'
import { resolvePorts } from './gateway-servers.ts'
import type { ProxyIdentity } from './seam.ts'

interface UrlTarget {
  readonly name: string
  readonly port: number
}

/** SNI is a name, never an address. */
export function sniOf(name: string): Pick<DoorRequest, 'sni'> {
  return name === '' || /^[\d.]+$|[:[\]]/.test(name) ? {} : { sni: name }
}

export function urlTarget(question: Pick<Question, 'host' | 'connectTo' | 'scheme'>): UrlTarget {
  const { host, connectTo = host } = question
  const match = /^(.*?)(?::(\d+))?$/.exec(connectTo)
  const usual = question.scheme === 'https' ? 443 : 80
  return { name: match?.[1] ?? connectTo, port: match?.[2] === undefined ? usual : Number(match[2]) }
}

/**
 * The URL's port through the gateway's Service. One that the Service does not have is a door's on a
 * laptop, which stands for 443 and 80; one that it has and that no listener is behind is closed.
 */
export function listenerPort(
  door: Door,
  proxy: ProxyIdentity,
  port: number,
  scheme: 'http' | 'https',
): { readonly port: number; readonly as?: number } | undefined {
  const targets = serviceTargets(door.mesh, proxy.namespace, proxy.labels)
  const { listeners, refused } = door.listeners(proxy)
  const open = new Set([...listeners, ...refused].map((listener) => listener.port))
  const usual = scheme === 'https' ? 443 : 80
  for (const candidate of [port, usual]) {
    for (const resolved of resolvePorts(candidate, targets, true)) {
      if (open.has(resolved)) return { port: resolved, ...(candidate !== port && { as: candidate }) }
    }
    if (targets.some((target) => target.port === candidate)) return undefined
  }
  return undefined
}

/** Said where nobody can have a laptop in mind: what answers there may be another door, or none. */
export function assumption({ name, port }: UrlTarget, as: number): readonly Step[] {
  if (/^(localhost|127\.|\[?::1)/.test(name)) return []
  const text = `port ${port} is no port of the gateway's Service: taken for ${as}, as where one is forwarded`
  return [{ hop: 0, phase: 'listener', outcome: 'passed', reason: 'port-assumed', text }]
}
