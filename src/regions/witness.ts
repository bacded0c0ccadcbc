import type { HeaderList } from '../policy/index.ts'
import type { Caller } from './caller.ts'
import type { Cell } from './cell.ts'
import { helloName } from './sending.ts'

/** A request `curl` can send, and `explain … --as PRINCIPAL` can be asked about. Never holds a token. */
export interface Witness {
  readonly method: string
  readonly url: string
  readonly headers: HeaderList
  /** Where it has to come from, if not from anywhere. */
  readonly from?: string
  /** Server name of the TLS hello, if not the URL's. */
  readonly sni?: string
}

const anAddress = '127.0.0.1'

export function witnessOf(cell: Cell, caller?: Caller): Witness {
  const { entrance, host, path, variation } = cell
  const usual = entrance.scheme === 'https' ? 443 : 80
  // A URL names where to connect to; what else a Host may say is said in a header.
  const name = helloName(host) || anAddress
  const there = entrance.port === usual ? name : `${name}:${entrance.port}`
  const authority = entrance.service === undefined ? there : host
  const own = caller?.acting.headers.filter(([name]) => name.toLowerCase() !== 'authorization') ?? []
  const varied = new Set(variation.headers.map(([name]) => name))
  const query = variation.query === '' ? '' : `?${variation.query}`
  return {
    method: variation.method,
    url: `${entrance.scheme}://${authority}${path}${query}`,
    headers: [
      ...(authority === host ? [] : [['host', host] as const]),
      ...own.filter(([name]) => !varied.has(name.toLowerCase())),
      ...variation.headers,
    ],
    ...(variation.address !== undefined && { from: variation.address }),
    ...(variation.sni !== undefined && { sni: variation.sni }),
  }
}
