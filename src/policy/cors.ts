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
  const allowed = cors.origins.some((matches) => matches(origin))
  const credentials: HeaderList = cors.allowCredentials ? [['access-control-allow-credentials', 'true']] : []
  const exposed: HeaderList =
    cors.exposeHeaders === '' ? [] : [['access-control-expose-headers', cors.exposeHeaders]]
  const named: HeaderList = allowed ? [['access-control-allow-origin', origin]] : []
  const pass: CorsOutcome = allowed ? { kind: 'pass', headers: [...named, ...credentials, ...exposed] } : nothing
  if (attributes.source.method !== 'OPTIONS') return pass
  const wanted = first(attributes, 'access-control-request-method')
  if (wanted === undefined || wanted === '') return pass
  if (!allowed && cors.forwardUnmatched) return nothing
  const methods: HeaderList = cors.allowMethods === '' ? [] : [['access-control-allow-methods', cors.allowMethods]]
  const headers: HeaderList = cors.allowHeaders === '' ? [] : [['access-control-allow-headers', cors.allowHeaders]]
  const age: HeaderList = cors.maxAge === undefined ? [] : [['access-control-max-age', cors.maxAge]]
  return {
    kind: 'preflight',
    headers: allowed ? [...named, ...credentials, ...methods, ...headers, ...exposed, ...age] : [],
  }
}

function first(attributes: Attributes, name: string): string | undefined {
  let found: string | undefined
  attributes.someHeader(name, (value) => {
    found = value
    return true
  })
  return found
}
