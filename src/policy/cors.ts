import type { Attributes } from './attributes.ts'
import type { HeaderList } from './decision.ts'
import type { Cors } from './route.ts'

/** What Envoy's cors filter does: answers a preflight, or adds headers to the answer that comes. */
export type CorsOutcome =
  | { readonly kind: 'preflight'; readonly headers: HeaderList }
  | { readonly kind: 'pass'; readonly headers: HeaderList }

const nothing: CorsOutcome = { kind: 'pass', headers: [] }

/** Agrees with envoy `filters/http/cors/cors_filter.cc`. */
export function applyCors(cors: Cors, attributes: Attributes): CorsOutcome {
  const origin = first(attributes, 'origin')
  if (origin === undefined || origin === '') return nothing
  // A matcher that takes the literal `*` takes every origin.
  const allowed = cors.origins.some((matches) => matches('*') || matches(origin))
  const credentials = header('access-control-allow-credentials', cors.allowCredentials ? 'true' : '')
  const named = allowed ? header('access-control-allow-origin', origin) : []
  const exposed = allowed ? header('access-control-expose-headers', cors.exposeHeaders) : []
  const pass: CorsOutcome = allowed
    ? { kind: 'pass', headers: [...named, ...credentials, ...exposed] }
    : nothing
  if (attributes.source.method !== 'OPTIONS') return pass
  const method = first(attributes, 'access-control-request-method')
  if (method === undefined || method === '') return pass
  if (!allowed && cors.forwardUnmatched) return nothing
  // `*` is answered with what was asked for.
  const methods = cors.allowMethods === '*' ? method : cors.allowMethods
  const wanted = first(attributes, 'access-control-request-headers') ?? ''
  const headers = cors.allowHeaders === '*' ? wanted : cors.allowHeaders
  return {
    kind: 'preflight',
    headers: [
      ...named,
      ...credentials,
      ...header('access-control-allow-methods', methods),
      ...header('access-control-allow-headers', headers),
      ...header('access-control-max-age', cors.maxAge ?? ''),
      ...exposed,
    ],
  }
}

/** Nothing for an empty value. */
function header(name: string, value: string): HeaderList {
  return value === '' ? [] : [[name, value]]
}

function first(attributes: Attributes, name: string): string | undefined {
  let found: string | undefined
  attributes.someHeader(name, (value) => {
    found = value
    return true
  })
  return found
}
