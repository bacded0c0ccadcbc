import { durationMs, fieldsOf } from './fields.ts'
import type {
  Destination,
  HeaderOperations,
  Headers,
  HttpMatch,
  HttpRoute,
  L4Route,
  Meta,
  StringMatch,
  VirtualService,
  WeightedDestination,
} from '../model.ts'
import type { Value } from './node.ts'

export function readVirtualService(meta: Meta, value: Value): VirtualService {
  const spec = fieldsOf(value)
  const service: VirtualService = {
    ...meta,
    kind: 'VirtualService',
    hosts: spec.get('hosts')?.texts() ?? [],
    gateways: spec.get('gateways')?.texts(),
    exportTo: spec.get('exportTo')?.strings(),
    http: spec.get('http')?.items()?.map(readHttpRoute) ?? [],
    tls: spec.get('tls')?.items()?.map(readL4Route) ?? [],
    tcp: spec.get('tcp')?.items()?.map(readL4Route) ?? [],
  }
  spec.done()
  // A delegate has neither hosts nor gateways (Istio, VirtualService.http.delegate).
  if (service.hosts.length === 0 && service.gateways !== undefined) {
    value.problem('missing-hosts', 'has no hosts')
  }
  return service
}

function readHttpRoute(value: Value): HttpRoute {
  const fields = fieldsOf(value).ignore('mirrorPercent')
  const mirror = fields.get('mirror')
  const headers = fields.get('headers')
  const route: HttpRoute = {
    at: value.at,
    name: fields.get('name')?.string(),
    match: fields.get('match')?.items()?.map(readMatch),
    route: fields.get('route')?.items()?.map(readWeighted) ?? [],
    redirect: optional(fields.get('redirect'), readRedirect),
    directResponse: optional(fields.get('directResponse'), readDirectResponse),
    delegate: optional(fields.get('delegate'), (delegate) => {
      const inner = fieldsOf(delegate)
      const found = {
        name: inner.get('name')?.string() ?? '',
        namespace: inner.get('namespace')?.string(),
        at: delegate.at,
      }
      inner.done()
      return found
    }),
    rewrite: optional(fields.get('rewrite'), readRewrite),
    timeoutMs: durationMs(fields.get('timeout')),
    retries: optional(fields.get('retries'), readRetries),
    fault: optional(fields.get('fault'), readFault),
    mirrors: [
      ...(mirror
        ? [{ destination: readDestination(mirror), percentage: percent(fields.get('mirrorPercentage')) }]
        : []),
      ...(fields.get('mirrors')?.items() ?? []).map((item) => {
        const inner = fieldsOf(item)
        const destination = inner.get('destination')
        const found = {
          destination: readDestination(destination ?? item),
          percentage: percent(inner.get('percentage')),
        }
        inner.done()
        return found
      }),
    ],
    corsPolicy: optional(fields.get('corsPolicy'), readCors),
    headers: headers && readHeaders(headers),
  }
  fields.get('mirrorPercentage')
  fields.done()
  return route
}

function optional<T>(value: Value | undefined, read: (value: Value) => T): T | undefined {
  return value && read(value)
}

function readMatch(value: Value): HttpMatch {
  const fields = fieldsOf(value)
  const match: HttpMatch = {
    at: value.at,
    name: fields.get('name')?.string(),
    uri: optional(fields.get('uri'), readStringMatch),
    ignoreUriCase: fields.get('ignoreUriCase')?.boolean() ?? false,
    scheme: optional(fields.get('scheme'), readStringMatch),
    method: optional(fields.get('method'), readStringMatch),
    authority: optional(fields.get('authority'), readStringMatch),
    headers: readStringMatches(fields.get('headers')),
    withoutHeaders: readStringMatches(fields.get('withoutHeaders')),
    queryParams: readStringMatches(fields.get('queryParams')),
    port: fields.get('port')?.number(),
    sourceLabels: fields.get('sourceLabels')?.record() ?? {},
    sourceNamespace: fields.get('sourceNamespace')?.string(),
    gateways: fields.get('gateways')?.texts(),
    statPrefix: fields.get('statPrefix')?.string(),
  }
  fields.done()
  return match
}

export function readStringMatch(value: Value): StringMatch {
  const fields = fieldsOf(value)
  for (const kind of ['exact', 'prefix', 'regex'] as const) {
    const field = fields.get(kind)
    if (field) {
      const text = field.string() ?? ''
      fields.ignore('exact', 'prefix', 'regex').done()
      return { at: value.at, kind, text }
    }
  }
  fields.done()
  return { at: value.at, kind: 'none', text: '' }
}

function readStringMatches(value: Value | undefined): Readonly<Record<string, StringMatch>> {
  const found: Record<string, StringMatch> = Object.create(null) as Record<string, StringMatch>
  for (const [key, match] of value?.entries() ?? []) {
    found[key] = match.present ? readStringMatch(match) : { at: match.at, kind: 'none', text: '' }
  }
  return found
}

function readWeighted(value: Value): WeightedDestination {
  const fields = fieldsOf(value)
  const destination = fields.get('destination')
  const headers = fields.get('headers')
  if (!destination) value.problem('missing-destination', `\`${value.path}\` has no destination`)
  const weighted: WeightedDestination = {
    destination: readDestination(destination ?? value),
    weight: fields.get('weight')?.number() ?? 0,
    headers: headers && readHeaders(headers),
  }
  fields.done()
  return weighted
}

function readDestination(value: Value): Destination {
  const fields = fieldsOf(value).ignore('destination', 'weight', 'headers', 'percentage')
  const port = fields.get('port')
  const portFields = port && fieldsOf(port)
  const destination: Destination = {
    at: value.at,
    host: fields.get('host')?.text() ?? { value: '', at: value.at },
    subset: fields.get('subset')?.string(),
    port: portFields?.get('number')?.number(),
  }
  portFields?.done()
  fields.done()
  return destination
}

function readHeaders(value: Value): Headers {
  const fields = fieldsOf(value)
  const operations = (one: Value): HeaderOperations => {
    const inner = fieldsOf(one)
    const found = {
      set: inner.get('set')?.record() ?? {},
      add: inner.get('add')?.record() ?? {},
      remove: inner.get('remove')?.strings() ?? [],
    }
    inner.done()
    return found
  }
  const headers: Headers = {
    request: optional(fields.get('request'), operations),
    response: optional(fields.get('response'), operations),
  }
  fields.done()
  return headers
}

function readRedirect(value: Value): NonNullable<HttpRoute['redirect']> {
  const fields = fieldsOf(value)
  const derive = fields.get('derivePort')?.numberOrString()
  const redirect = {
    at: value.at,
    uri: fields.get('uri')?.string(),
    authority: fields.get('authority')?.string(),
    scheme: fields.get('scheme')?.string(),
    port: fields.get('port')?.number(),
    derivePort: typeof derive === 'number' ? ['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'][derive] : derive,
    redirectCode: fields.get('redirectCode')?.number(),
  }
  fields.done()
  return redirect
}

function readDirectResponse(value: Value): NonNullable<HttpRoute['directResponse']> {
  const fields = fieldsOf(value)
  const body = fields.get('body')
  const inner = body && fieldsOf(body)
  const bytes = inner?.get('bytes')?.string()
  const response = {
    at: value.at,
    status: fields.get('status')?.number() ?? 0,
    body: bytes === undefined ? inner?.get('string')?.string() : { base64: bytes },
  }
  inner?.ignore('string').done()
  fields.done()
  return response
}

function readRewrite(value: Value): NonNullable<HttpRoute['rewrite']> {
  const fields = fieldsOf(value)
  const regex = fields.get('uriRegexRewrite')
  const inner = regex && fieldsOf(regex)
  const rewrite = {
    at: value.at,
    uri: fields.get('uri')?.string(),
    authority: fields.get('authority')?.string(),
    uriRegexRewrite: inner && {
      match: inner.get('match')?.string() ?? '',
      rewrite: inner.get('rewrite')?.string() ?? '',
    },
  }
  inner?.done()
  fields.done()
  return rewrite
}

export function readRetries(value: Value): NonNullable<HttpRoute['retries']> {
  const fields = fieldsOf(value).ignore('backoff', 'retryIgnorePreviousHosts')
  const retries = {
    attempts: fields.get('attempts')?.number() ?? 0,
    perTryTimeoutMs: durationMs(fields.get('perTryTimeout')),
    retryOn: fields.get('retryOn')?.string(),
    retryRemoteLocalities: fields.get('retryRemoteLocalities')?.boolean(),
  }
  fields.done()
  return retries
}

function percent(value: Value | undefined): number | undefined {
  if (!value) return undefined
  if (!value.isMap) return value.number()
  // `percentage: {}` is a Percent whose value is protobuf's zero.
  return fieldsOf(value).get('value')?.number() ?? 0
}

function readFault(value: Value): NonNullable<HttpRoute['fault']> {
  const fields = fieldsOf(value)
  const fault = {
    at: value.at,
    abort: optional(fields.get('abort'), (abort) => {
      const inner = fieldsOf(abort).ignore('http2Error')
      const found = {
        httpStatus: inner.get('httpStatus')?.number(),
        grpcStatus: inner.get('grpcStatus')?.string(),
        percentage: percent(inner.get('percentage')) ?? percent(inner.get('percent')),
      }
      inner.ignore('percent').done()
      return found
    }),
    delay: optional(fields.get('delay'), (delay) => {
      const inner = fieldsOf(delay).ignore('exponentialDelay')
      const found = {
        fixedDelayMs: durationMs(inner.get('fixedDelay')),
        percentage: percent(inner.get('percentage')) ?? percent(inner.get('percent')),
      }
      inner.ignore('percent').done()
      return found
    }),
  }
  fields.done()
  return fault
}

function readCors(value: Value): NonNullable<HttpRoute['corsPolicy']> {
  const fields = fieldsOf(value)
  const maxAge = durationMs(fields.get('maxAge'))
  const unmatched = fields.get('unmatchedPreflights')?.numberOrString()
  const cors = {
    at: value.at,
    allowOrigins: [
      ...(fields.get('allowOrigins')?.items()?.map(readStringMatch) ?? []),
      // The old list of exact origins, `*` for any.
      ...(fields.get('allowOrigin')?.items() ?? []).map((item) => ({
        at: item.at,
        kind: 'exact' as const,
        text: item.string() ?? '',
      })),
    ],
    allowMethods: fields.get('allowMethods')?.strings() ?? [],
    allowHeaders: fields.get('allowHeaders')?.strings() ?? [],
    exposeHeaders: fields.get('exposeHeaders')?.strings() ?? [],
    maxAgeSeconds: maxAge === undefined ? undefined : maxAge / 1000,
    allowCredentials: fields.get('allowCredentials')?.boolean(),
    unmatchedPreflights:
      typeof unmatched === 'number' ? ['UNSPECIFIED', 'FORWARD', 'IGNORE'][unmatched] : unmatched,
  }
  fields.done()
  return cors
}

function readL4Route(value: Value): L4Route {
  const fields = fieldsOf(value)
  const route: L4Route = {
    at: value.at,
    match:
      fields.get('match')?.items()?.map((item) => {
        const inner = fieldsOf(item).ignore('sourceSubnet', 'sourceSubnets', 'sourceNamespace')
        const match = {
          sniHosts: inner.get('sniHosts')?.strings() ?? [],
          port: inner.get('port')?.number(),
          gateways: inner.get('gateways')?.strings(),
          destinationSubnets: inner.get('destinationSubnets')?.strings() ?? [],
          sourceLabels: inner.get('sourceLabels')?.record() ?? {},
        }
        inner.done()
        return match
      }) ?? [],
    route: fields.get('route')?.items()?.map(readWeighted) ?? [],
  } // biome-ignore format: chains
  fields.done()
  return route
}
