/** VirtualService `http` entries into Envoy's routes: Istio `pilot/pkg/networking/core/route/route.go`. */
import type { HttpMatch, HttpRoute, Labels, MeshConfig } from '../mesh/index.ts'
import { labelsInclude } from './attach.ts'
import { fromBase64Url, utf8Text } from './base64url.ts'
import type { BoundRoute, BoundService } from './bound-route.ts'
import type { ResolveTarget } from './destinations.ts'
import {
  type Cors,
  type Fault,
  type ForwardAction,
  headerChanges,
  hostChange,
  type RedirectAction,
  type Route,
  type RouteAction,
  type WeightedTarget,
} from './route.ts'
import { compilePathMatch, compileTests, isCatchAll } from './route-match.ts'
import { compileStringMatch } from './string-match.ts'

/** What a route is compiled for: one proxy, one gateway, one server port. */
export interface RouteContext {
  readonly meshConfig: MeshConfig
  readonly resolve: ResolveTarget
  /** The gateway it is bound by, `namespace/name`. */
  readonly gateway: string
  /** The server's own port number, not the one it listens on. */
  readonly port: number
  readonly tls: boolean
  readonly labels: Labels
  readonly namespace: string
}

/** Routes in order; nothing after one that takes every request. */
export function compileRoutes(service: BoundService, context: RouteContext): readonly Route[] {
  const routes: Route[] = []
  for (const bound of service.routes) {
    const entries = bound.route.match
    if (entries === undefined || entries.length === 0) {
      routes.push(compileRoute(service, bound, undefined, bound.rule, context))
      return routes
    }
    for (const [index, match] of entries.entries()) {
      if (!appliesTo(match, context)) continue
      const route = compileRoute(service, bound, match, `${bound.rule}.match[${index}]`, context)
      routes.push(route)
      if (isCatchAll(route)) return routes
    }
  }
  return routes
}

/** Conditions on the proxy and the port are decided beforehand; `gateways` makes labels not count. */
function appliesTo(match: HttpMatch, context: RouteContext): boolean {
  if (match.port && match.port !== context.port) return false
  if (match.gateways !== undefined && match.gateways.length > 0) {
    return match.gateways.some((gateway) => gateway.value === context.gateway)
  }
  return (
    labelsInclude(context.labels, match.sourceLabels) &&
    (!match.sourceNamespace || match.sourceNamespace === context.namespace)
  )
}

function compileRoute(
  service: BoundService,
  bound: BoundRoute,
  match: HttpMatch | undefined,
  rule: string,
  context: RouteContext,
): Route {
  const { route } = bound
  return {
    object: bound.object,
    rule,
    name: match?.name ? `${route.name ?? ''}.${match.name}` : route.name,
    at: match?.at ?? route.at,
    path: compilePathMatch(match, service.semantics === 'gateway'),
    tests: compileTests(match),
    action: compileAction(service, bound, context),
    fault: compileFault(route),
    cors: compileCors(route),
    request: headerChanges(route.headers?.request),
    response: headerChanges(route.headers?.response),
    written: { service, http: route, ...(match && { match }) },
  }
}

function compileAction(service: BoundService, bound: BoundRoute, context: RouteContext): RouteAction {
  const { route } = bound
  if (route.redirect !== undefined) return compileRedirect(bound, context)
  if (route.directResponse !== undefined) {
    const { status, body } = route.directResponse
    return { kind: 'direct', status, body: bodyText(body) }
  }
  return compileForward(service, route, context)
}

const statuses: readonly number[] = [301, 302, 303, 307, 308]

function compileRedirect(bound: BoundRoute, context: RouteContext): RouteAction {
  const redirect = bound.route.redirect
  const status = redirect?.redirectCode || 301
  if (redirect === undefined || !statuses.includes(status)) return { kind: 'none' }
  const scheme = redirect.scheme || undefined
  const action: RedirectAction = {
    kind: 'redirect',
    status,
    scheme,
    host: redirect.authority || undefined,
    port: redirectPort(redirect, scheme ?? (context.tls ? 'https' : 'http'), context.port),
    path: redirect.uri || undefined,
    prefix: bound.redirectPrefix,
  }
  return action
}

function redirectPort(
  redirect: { readonly port?: number; readonly derivePort?: string },
  scheme: string,
  listenerPort: number,
): number {
  const port = redirect.port ?? (redirect.derivePort === 'FROM_REQUEST_PORT' ? listenerPort : 0)
  const usual = scheme === 'http' ? 80 : scheme === 'https' ? 443 : undefined
  return port === usual ? 0 : port
}

function compileForward(service: BoundService, route: HttpRoute, context: RouteContext): ForwardAction {
  const weighted = route.route.length !== 1
  const targets: WeightedTarget[] = []
  for (const entry of route.route) {
    if (weighted && entry.weight === 0) continue
    targets.push({
      target: context.resolve(entry.destination, service.namespace, context.port),
      weight: entry.weight,
      request: headerChanges(entry.headers?.request),
      response: headerChanges(entry.headers?.response),
      host: hostChange(entry.headers?.request),
    })
  }
  return {
    kind: 'forward',
    targets,
    weighted,
    rewrite: compileRewrite(service, route),
    host: route.rewrite?.authority || hostChange(route.headers?.request),
    timeoutMs: route.timeoutMs,
    retries: compileRetries(route.retries ?? context.meshConfig.defaultHttpRetryPolicy),
    mirrors: route.mirrors
      .map((mirror) => ({
        target: context.resolve(mirror.destination, service.namespace, context.port),
        percent: mirror.percentage ?? 100,
      }))
      .filter((mirror) => mirror.percent > 0),
    missing: service.semantics === 'gateway' ? 500 : 503,
  }
}

function compileRewrite(service: BoundService, route: HttpRoute): ForwardAction['rewrite'] {
  const { rewrite } = route
  if (rewrite === undefined) return undefined
  if (rewrite.uriRegexRewrite !== undefined) {
    return { kind: 'regex', match: rewrite.uriRegexRewrite.match, to: rewrite.uriRegexRewrite.rewrite }
  }
  if (!rewrite.uri) return undefined
  if (service.semantics === 'gateway' && rewrite.uri === '/') return { kind: 'strip-segments' }
  return { kind: 'prefix', to: rewrite.uri }
}

const usualRetries = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes'

/** `retry.go`, ConvertPolicy: none written = two, 0 attempts = none. */
function compileRetries(retries: HttpRoute['retries']): ForwardAction['retries'] {
  if (retries === undefined) return { attempts: 2, on: usualRetries }
  if (retries.attempts <= 0) return { attempts: 0, on: '' }
  const parts = (retries.retryOn ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const statusCodes = parts.some((part) => /^\d+$/.test(part))
  if (statusCodes && !parts.includes('retriable-status-codes')) parts.push('retriable-status-codes')
  return {
    attempts: retries.attempts,
    on: parts.length === 0 ? usualRetries : parts.join(','),
    perTryTimeoutMs: retries.perTryTimeoutMs,
  }
}

/** A percentage that was not written is 0: such a fault never happens. */
function compileFault(route: HttpRoute): Fault | undefined {
  const { fault } = route
  if (fault === undefined) return undefined
  const { abort, delay } = fault
  const status = abort?.httpStatus ?? grpcAsHttp(abort?.grpcStatus)
  return {
    ...(abort !== undefined && status !== undefined && { abort: { status, percent: abort.percentage ?? 0 } }),
    ...(delay?.fixedDelayMs !== undefined && {
      delay: { ms: delay.fixedDelayMs, percent: delay.percentage ?? 0 },
    }),
  }
}

/** Envoy `grpc/status.cc`, grpcToHttpStatus, for a caller that does not speak gRPC. */
function grpcAsHttp(status: string | undefined): number | undefined {
  if (status === undefined) return undefined
  const table: Readonly<Record<string, number>> = {
    OK: 200,
    CANCELLED: 499,
    INVALID_ARGUMENT: 400,
    DEADLINE_EXCEEDED: 504,
    NOT_FOUND: 404,
    ALREADY_EXISTS: 409,
    PERMISSION_DENIED: 403,
    RESOURCE_EXHAUSTED: 429,
    FAILED_PRECONDITION: 400,
    ABORTED: 409,
    OUT_OF_RANGE: 400,
    UNIMPLEMENTED: 501,
    UNAVAILABLE: 503,
    UNAUTHENTICATED: 401,
  }
  return table[status] ?? 500
}

function compileCors(route: HttpRoute): Cors | undefined {
  const cors = route.corsPolicy
  if (cors === undefined) return undefined
  return {
    origins: cors.allowOrigins.map(compileStringMatch),
    originMatches: cors.allowOrigins,
    allowMethods: cors.allowMethods.join(','),
    allowHeaders: cors.allowHeaders.join(','),
    exposeHeaders: cors.exposeHeaders.join(','),
    maxAge: cors.maxAgeSeconds === undefined ? undefined : String(cors.maxAgeSeconds),
    allowCredentials: cors.allowCredentials ?? false,
    forwardUnmatched: cors.unmatchedPreflights !== 'IGNORE',
  }
}

function bodyText(body: string | { readonly base64: string } | undefined): string {
  if (typeof body !== 'object') return body ?? ''
  const bytes = fromBase64Url(body.base64.replace(/\+/g, '-').replace(/\//g, '_'))
  return (bytes && utf8Text(bytes)) ?? ''
}
