/** Requests as a caller sends them: who sends those of a cell, and what of them his identity hangs on. */
import type { DoorRequest } from '../policy/index.ts'
import { type Bits, bitsOf } from './bits.ts'
import { type Caller, headersOf, isInside } from './caller.ts'
import type { Cell } from './cell.ts'
import type { Spot } from './entrance.ts'
import type { Variation } from './variation.ts'

/** The server name a client sends for that host: never an address, nor what no name can hold. */
export function helloName(host: string): string {
  const name = host.replace(/:\d*$/, '')
  return /^[\d.]+$|[:[\]]/.test(name) ? '' : name
}

/** The request of that cell from that caller; undefined = the caller never sends such a one. */
export function requestOf(cell: Cell, spot: Spot | undefined, caller: Caller): DoorRequest | undefined {
  const headers = headersOf(caller, cell.variation)
  if (headers === undefined || isInside(caller) !== (cell.entrance.service !== undefined)) return undefined
  const { method, query, address, sni } = cell.variation
  const { entrance } = cell
  const name = sni ?? helloName(cell.host)
  return {
    method,
    scheme: entrance.scheme,
    host: cell.host,
    path: query === '' ? cell.path : `${cell.path}?${query}`,
    headers,
    port: spot?.stage?.port ?? entrance.port,
    sourceIp: address ?? '127.0.0.1',
    ...(entrance.scheme === 'https' && { alpn: ['http/1.1'], ...(name !== '' && { sni: name }) }),
  }
}

/** Who sends requests of a cell at all. */
export class Senders {
  readonly #callers: readonly Caller[]
  readonly #known = new WeakMap<Variation, { inside?: Bits; outside?: Bits }>()

  constructor(callers: readonly Caller[]) {
    this.#callers = callers
  }

  /** Not to be changed. */
  of({ variation, entrance }: Cell): Bits {
    let known = this.#known.get(variation)
    if (known === undefined) {
      known = {}
      this.#known.set(variation, known)
    }
    const inside = entrance.service !== undefined
    const side = inside ? 'inside' : 'outside'
    let bits = known[side]
    if (bits === undefined) {
      const members = this.#callers.flatMap((caller, index) =>
        isInside(caller) === inside && headersOf(caller, variation) !== undefined ? [index] : [],
      )
      bits = bitsOf(this.#callers.length, members)
      known[side] = bits
    }
    return bits
  }
}

const varied = new WeakMap<Variation, string>()

/** What of a cell a caller's identity can depend on. */
export function situationOf({ variation, entrance }: Cell): string {
  let text = varied.get(variation)
  if (text === undefined) {
    const { headers, query, address, sni, method } = variation
    const plain = headers.length === 0 && query === '' && address === undefined && sni === undefined
    const preflight = method === 'OPTIONS' ? 'options ' : ''
    text = preflight + (plain ? '' : JSON.stringify([headers, query, address, sni]))
    varied.set(variation, text)
  }
  return `${entrance.id} ${text}`
}
