/** Which Gateways share pods, and which hosts two of them have in common. */
import { type Gateway, isSubset } from '../mesh/index.ts'
import type { NamedProxy } from './queries.ts'

/** Gateway objects that configure these pods. */
export function gatewaysOn(gateways: readonly Gateway[], { proxy }: NamedProxy): readonly Gateway[] {
  return gateways.filter(({ selector }) => selector === undefined || isSubset(selector, proxy.labels))
}

/** A server's host without the namespace in front. */
export function hostOf(entry: string): string {
  return entry.slice(entry.indexOf('/') + 1)
}

/** All its servers name that host: what is routed for `*` there is routed for it, beside what is for it by name. */
export function isFor({ servers }: Gateway, host: string): boolean {
  return servers.every(({ hosts }) => hosts.some(({ value }) => hostOf(value) === host))
}

const plain = ['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB']

/** HTTP whose requests everybody on the way can read. */
export function isPlain(server: Gateway['servers'][number]): boolean {
  return plain.includes(server.port.protocol.toUpperCase())
}
