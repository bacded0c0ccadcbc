import type { HeaderList } from '../policy/index.ts'
import type { Caller } from './caller.ts'
import type { Cell } from './cell.ts'

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

export function witnessOf(cell: Cell, caller?: Caller): Witness {
  const { entrance, host, path, variation } = cell
  const usual = entrance.scheme === 'https' ? 443 : 80
  const odd = entrance.service === undefined && entrance.port !== usual
  const authority = odd ? `${host.replace(/:\d*$/, '')}:${entrance.port}` : host
  const own = caller?.acting.headers.filter(([name]) => name.toLowerCase() !== 'authorization') ?? []
  const varied = new Set(variation.headers.map(([name]) => name))
  const query = variation.query === '' ? '' : `?${variation.query}`
  return {
    method: variation.method,
    url: `${entrance.scheme}://${authority}${path}${query}`,
    headers: [
      ...(odd ? [['host', host] as const] : []),
      ...own.filter(([name]) => !varied.has(name.toLowerCase())),
      ...variation.headers,
    ],
    ...(variation.address !== undefined && { from: variation.address }),
    ...(variation.sni !== undefined && { sni: variation.sni }),
  }
}
