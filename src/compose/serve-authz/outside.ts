import { lookup } from 'node:dns'
import { readFileSync } from 'node:fs'
import { isIP, type LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import { Agent, request } from 'undici'
import { traceHeaders } from './trace-context.ts'

/**
 * Calls from here to issuers and API servers: bounded, without redirects, never to link-local
 * addresses, in the trace of the check they are made for.
 */
export interface Outside {
  /** @throws when the answer is not 200 or not had in time */
  text(url: string, more?: Asked): Promise<string>
  fetch(url: string, init?: RequestInit): Promise<Response>
  close(): Promise<void>
}

export interface Asked {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface OutsideOptions {
  /** Trusted beside the CAs Node brings. */
  readonly ca?: string
  /** Only these, for an API server that has its own. */
  readonly onlyCa?: string
  readonly cert?: string
  readonly key?: string
}

const TIMEOUT = 5000
const LARGEST = 1024 * 1024

/** Metadata services live at 169.254.0.0/16 and fe80::/10; nobody's keys do. */
const isLinkLocal = (address: string): boolean =>
  /^(?:::ffff:)?169\.254\./i.test(address) || /^fe[89ab][0-9a-f]:/i.test(address)

const guardedLookup: LookupFunction = (hostname, options, done) => {
  lookup(hostname, options, (error, address, family) => {
    if (error) return done(error, '', 0)
    const all = Array.isArray(address) ? address.map((one) => one.address) : [address]
    if (all.some(isLinkLocal)) return done(new Error(`${hostname} is a link-local address`), '', 0)
    done(null, address as string, family)
  })
}

export function openOutside(options: OutsideOptions = {}): Outside {
  const { ca, onlyCa, cert, key } = options
  const agent = new Agent({
    connect: {
      lookup: guardedLookup,
      timeout: TIMEOUT,
      ...(ca !== undefined && { ca: [...rootCertificates, ca] }),
      ...(onlyCa !== undefined && { ca: onlyCa }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    },
    headersTimeout: TIMEOUT,
    bodyTimeout: TIMEOUT,
    maxResponseSize: LARGEST,
    keepAliveTimeout: 10_000,
  })
  const ask = async (url: string, asked: Asked & { readonly signal?: AbortSignal | null }) => {
    const { hostname } = new URL(url)
    const bare = hostname.replace(/^\[|\]$/g, '')
    if (isIP(bare) !== 0 && isLinkLocal(bare)) throw new Error(`${bare} is a link-local address`)
    const limit = AbortSignal.timeout(TIMEOUT)
    return request(url, {
      dispatcher: agent,
      method: asked.method ?? 'GET',
      headers: { ...asked.headers, ...traceHeaders() },
      ...(asked.body !== undefined && { body: asked.body }),
      signal: asked.signal ? AbortSignal.any([asked.signal, limit]) : limit,
    })
  }
  return {
    async text(url, more = {}) {
      const { statusCode, body } = await ask(url, more)
      const text = await body.text()
      if (statusCode < 200 || statusCode > 299) throw new Error(`it answers ${statusCode}`)
      if (text.length > LARGEST) throw new Error(`it sends more than ${LARGEST} bytes`)
      return text
    },
    async fetch(url, init = {}) {
      const { statusCode, headers, body } = await ask(url, {
        method: (init.method ?? 'GET') as 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        ...(init.body != null && { body: String(init.body) }),
        ...(init.signal && { signal: init.signal }),
      })
      const flat = new Headers()
      for (const [name, value] of Object.entries(headers))
        for (const one of [value ?? []].flat()) flat.append(name, one)
      const text = await body.text()
      const bodiless = statusCode === 204 || statusCode === 304
      return new Response(bodiless ? null : text, { status: statusCode, headers: flat })
    },
    close: () => agent.destroy(),
  }
}

export const readPem = (path: string): string => readFileSync(path, 'utf8')
