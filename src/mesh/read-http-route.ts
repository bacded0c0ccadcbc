import { decodeBase64 } from './base64.ts'
import type { Fields } from './fields.ts'
import type { Destination, HeaderOperations, Headers, HttpRoute, WeightedDestination } from './model.ts'
import { readHttpMatch, readStringMatch } from './read-http-match.ts'

/** One entry of `spec.http` of a VirtualService. */
export function readHttpRoute(route: Fields): HttpRoute {
  const read: HttpRoute = {
    at: route.at,
    name: route.string('name'),
    match: route.list('match')?.map(readHttpMatch),
    route: readDestinations(route),
    redirect: readRedirect(route),
    directResponse: readDirectResponse(route),
    delegate: readDelegate(route),
    rewrite: readRewrite(route),
    timeoutMs: route.duration('timeout'),
    retries: readRetries(route.fields('retries')),
    fault: readFault(route),
    mirrors: readMirrors(route),
    corsPolicy: readCors(route),
    headers: readHeaders(route),
  }
  route.done()
  return read
}

export function readDestinations(route: Fields): readonly WeightedDestination[] {
  return (route.list('route') ?? []).map((entry) => {
    const read = {
      destination: readDestination(entry),
      weight: entry.int('weight') ?? 0,
      headers: readHeaders(entry),
    }
    entry.done()
    return read
  })
}

function readDestination(owner: Fields, name?: string): Destination {
  const destination = name === undefined ? owner.fields('destination') : owner.fields(name)
  const host = destination?.text('host')
  if (!host) owner.error('missing-host', `\`${owner.path}\` has no destination host`)
  const port = destination?.fields('port')
  const read = {
    at: destination?.at ?? owner.at,
    host: host ?? { value: '', at: owner.at },
    subset: destination?.string('subset'),
    port: port && (port.int('number') ?? 0),
  }
  port?.done()
  destination?.done()
  return read
}

function readHeaders(owner: Fields): Headers | undefined {
  const headers = owner.fields('headers')
  if (!headers) return undefined
  const read = { request: readOperations(headers, 'request'), response: readOperations(headers, 'response') }
  headers.done()
  return read
}

function readOperations(headers: Fields, name: string): HeaderOperations | undefined {
  const operations = headers.fields(name)
  if (!operations) return undefined
  const read = {
    set: operations.record('set') ?? {},
    add: operations.record('add') ?? {},
    remove: operations.strings('remove') ?? [],
  }
  operations.done()
  return read
}

function readRedirect(route: Fields): HttpRoute['redirect'] {
  const redirect = route.fields('redirect')
  if (!redirect) return undefined
  redirect.known('prefixRewrite')
  const read = {
    at: redirect.at,
    uri: redirect.string('uri'),
    authority: redirect.string('authority'),
    scheme: redirect.string('scheme'),
    port: redirect.int('port'),
    derivePort: redirect.enumeration('derivePort', ['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'])?.value,
    redirectCode: redirect.int('redirectCode'),
  }
  redirect.done()
  return read
}

function readDirectResponse(route: Fields): HttpRoute['directResponse'] {
  const response = route.fields('directResponse')
  if (!response) return undefined
  const status = response.int('status')
  if (status === undefined) response.error('missing-status', `\`${response.path}\` has no status`)
  const body = response.fields('body')
  const base64 = body?.string('bytes')
  const text = body?.string('string')
  if (base64 !== undefined && decodeBase64(base64) === undefined)
    response.error('bad-base64', `\`${response.path}.body.bytes\` is not base64`)
  const read = {
    at: response.at,
    status: status ?? 0,
    body: base64 === undefined ? text : { base64 },
  }
  body?.done()
  response.done()
  return read
}

function readDelegate(route: Fields): HttpRoute['delegate'] {
  const delegate = route.fields('delegate')
  if (!delegate) return undefined
  const read = {
    name: delegate.string('name') ?? '',
    namespace: delegate.string('namespace'),
    at: delegate.at,
  }
  delegate.done()
  return read
}

function readRewrite(route: Fields): HttpRoute['rewrite'] {
  const rewrite = route.fields('rewrite')
  if (!rewrite) return undefined
  const regex = rewrite.fields('uriRegexRewrite')
  const read = {
    at: rewrite.at,
    uri: rewrite.string('uri'),
    authority: rewrite.string('authority'),
    uriRegexRewrite: regex && { match: regex.string('match') ?? '', rewrite: regex.string('rewrite') ?? '' },
  }
  regex?.done()
  rewrite.done()
  return read
}

/** Also MeshConfig's `defaultHttpRetryPolicy`. */
export function readRetries(retries: Fields | undefined): HttpRoute['retries'] {
  if (!retries) return undefined
  retries.known('retryIgnorePreviousHosts', 'backoff')
  const read = {
    attempts: retries.int('attempts') ?? 0,
    perTryTimeoutMs: retries.duration('perTryTimeout'),
    retryOn: retries.string('retryOn'),
    retryRemoteLocalities: retries.bool('retryRemoteLocalities'),
  }
  retries.done()
  return read
}

function readFault(route: Fields): HttpRoute['fault'] {
  const fault = route.fields('fault')
  if (!fault) return undefined
  const abort = fault.fields('abort')
  const delay = fault.fields('delay')
  // Both exist in the API, and istiod refuses both as not supported.
  if (delay?.has('exponentialDelay'))
    delay.error('unsupported-field', '`exponentialDelay` is not supported by Istio')
  if (abort?.has('http2Error')) abort.error('unsupported-field', '`http2Error` is not supported by Istio')
  const read = {
    at: fault.at,
    abort: abort && {
      httpStatus: abort.int('httpStatus'),
      grpcStatus: abort.string('grpcStatus'),
      percentage: readPercentage(abort),
    },
    delay: delay && {
      fixedDelayMs: delay.duration('fixedDelay'),
      percentage: readPercentage(delay) ?? delay.int('percent'),
    },
  }
  delay?.known('percent')
  delay?.done()
  abort?.done()
  fault.done()
  return read
}

function readPercentage(owner: Fields, name = 'percentage'): number | undefined {
  const percentage = owner.fields(name)
  if (!percentage) return undefined
  // A message without `value` is written, and zero.
  const value = percentage.number('value') ?? 0
  percentage.done()
  return value
}

function readMirrors(route: Fields): HttpRoute['mirrors'] {
  const percentage = readPercentage(route, 'mirrorPercentage') ?? route.int('mirrorPercent')
  route.known('mirrorPercent')
  if (route.has('mirror') && route.has('mirrors')) {
    route.error('conflicting-fields', `\`${route.path}\` has both \`mirror\` and \`mirrors\``)
  }
  const single = route.has('mirror') ? [{ destination: readDestination(route, 'mirror'), percentage }] : []
  const several = (route.list('mirrors') ?? []).map((mirror) => {
    const read = { destination: readDestination(mirror), percentage: readPercentage(mirror) }
    mirror.done()
    return read
  })
  return [...single, ...several]
}

function readCors(route: Fields): HttpRoute['corsPolicy'] {
  const cors = route.fields('corsPolicy')
  if (!cors) return undefined
  const old = (cors.texts('allowOrigin') ?? []).map((text) => ({
    at: text.at,
    kind: 'exact' as const,
    text: text.value,
  }))
  const maxAge = cors.duration('maxAge')
  const read = {
    at: cors.at,
    allowOrigins: [...(cors.list('allowOrigins') ?? []).map(readStringMatch), ...old],
    allowMethods: cors.strings('allowMethods') ?? [],
    allowHeaders: cors.strings('allowHeaders') ?? [],
    exposeHeaders: cors.strings('exposeHeaders') ?? [],
    maxAgeSeconds: maxAge === undefined ? undefined : maxAge / 1000,
    allowCredentials: cors.bool('allowCredentials'),
    unmatchedPreflights: cors.enumeration('unmatchedPreflights', ['UNSPECIFIED', 'FORWARD', 'IGNORE'])?.value,
  }
  cors.done()
  return read
}
