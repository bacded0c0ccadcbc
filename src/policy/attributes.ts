import { type Address, parseAddress } from './cidr.ts'
import type { HeaderList } from './decision.ts'
import { lowerCase } from './value-pattern.ts'

/** What an access token says: parsed JSON, `scope`-like strings already split into lists. */
export type Claims = { readonly [name: string]: unknown }

/** Everything a rule can look at, as one proxy sees it. For a TCP connection the HTTP part is empty. */
export interface AttributeSource {
  readonly method: string
  /** `:authority` as received, port included. */
  readonly host: string
  /** Normalized, query included. */
  readonly path: string
  readonly scheme: string
  /** Names in lower case, in order, repeated names kept. Without Host. */
  readonly headers: HeaderList
  readonly port: number
  readonly destinationIp: string
  /** The TCP peer. */
  readonly sourceIp: string
  /** The client as X-Forwarded-For tells it, or the TCP peer. */
  readonly remoteIp: string
  /** Empty when there was no TLS or no name in it. */
  readonly sni: string
  /** Names of a client certificate that was accepted; empty without one. */
  readonly principals: readonly string[]
}

/** The same with what is derived computed once, when first asked for. */
export class Attributes {
  readonly source: AttributeSource
  /** Set by jwt_authn when a token was accepted. */
  claims: Claims | undefined = undefined
  #path: string | undefined = undefined
  #host: string | undefined = undefined
  #addresses: (Address | null | undefined)[] | undefined = undefined

  constructor(source: AttributeSource) {
    this.source = source
  }

  /** Path without query. */
  get path(): string {
    if (this.#path === undefined) {
      // A fragment never gets this far: such a request is refused before any filter.
      const { path } = this.source
      const end = path.indexOf('?')
      this.#path = end === -1 ? path : path.slice(0, end)
    }
    return this.#path
  }

  /** Host in lower case, port included. */
  get host(): string {
    this.#host ??= lowerCase(this.source.host)
    return this.#host
  }

  /** In lower case, as Envoy's TLS inspector hands it on. */
  get sni(): string {
    return lowerCase(this.source.sni)
  }

  get sourceAddress(): Address | undefined {
    return this.#address(0, this.source.sourceIp)
  }
  get remoteAddress(): Address | undefined {
    return this.#address(1, this.source.remoteIp)
  }
  get destinationAddress(): Address | undefined {
    return this.#address(2, this.source.destinationIp)
  }

  #address(index: number, text: string): Address | undefined {
    this.#addresses ??= []
    const known = this.#addresses[index]
    if (known !== undefined) return known ?? undefined
    const parsed = parseAddress(text)
    this.#addresses[index] = parsed ?? null
    return parsed
  }

  /** Calls `test` with each value of a header (pseudo headers and `host` included) until one is taken. */
  someHeader(name: string, test: (value: string) => boolean): boolean {
    const { source } = this
    switch (name) {
      case ':path':
        return test(source.path)
      case ':method':
        return test(source.method)
      case ':scheme':
        return test(source.scheme)
      case ':authority':
      case 'host':
        return test(source.host)
    }
    for (const header of source.headers) {
      if (header[0] === name && test(header[1])) return true
    }
    return false
  }

  /** The claim at a path of keys; undefined where one is missing or not an object. */
  claim(keys: readonly string[]): unknown {
    let value: unknown = this.claims
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
      value = Object.hasOwn(value, key) ? (value as Claims)[key] : undefined
    }
    return value
  }

  /** Whether the claim is a string `test` takes, or a list holding one. */
  someClaim(keys: readonly string[], test: (value: string) => boolean): boolean {
    const value = this.claim(keys)
    if (typeof value === 'string') return test(value)
    if (!Array.isArray(value)) return false
    for (const entry of value) if (typeof entry === 'string' && test(entry)) return true
    return false
  }
}
