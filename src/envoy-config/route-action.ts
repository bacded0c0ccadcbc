/** One route: Istio's pilot/pkg/networking/core/route/route.go, TranslateRoute. */
import type { HttpRoute, MeshConfig } from '../mesh/index.ts'
import type { ForwardAction, RedirectAction, Route, Target } from '../policy/index.ts'
import { headerChangesOf } from './header-operations.ts'
import { compact, duration, type Json, some } from './json.ts'
import { retryPolicy } from './retry-policy.ts'
import { perRouteFilters } from './route-filters.ts'
import { routeMatch } from './route-match.ts'
import { quoteMeta } from './string-matcher.ts'

export interface RouteOptions {
  readonly meshConfig: MeshConfig
  /** The name of a destination's cluster. */
  readonly clusterOf: (target: Target) => string
}

export function routeOf(route: Route, options: RouteOptions): Json {
  const { http } = route.written
  const { action } = route
  const single = action.kind === 'forward' && !action.weighted ? http.route[0]?.headers : undefined
  return compact({
    name: route.name || undefined,
    match: routeMatch(route),
    ...headerChangesOf([http.headers, single]),
    typedPerFilterConfig: perRouteFilters(http),
    ...actionOf(route, options),
  })
}

function actionOf(route: Route, options: RouteOptions): Json {
  const { action } = route
  const { http } = route.written
  switch (action.kind) {
    case 'redirect':
      return { redirect: redirect(action) }
    case 'direct':
      return { directResponse: direct(http.directResponse) }
    case 'none':
      // A redirect code Envoy has no name for leaves a route without an action.
      return { directResponse: { status: 404 } }
    case 'forward':
      return { route: forward(route, action, options) }
  }
}

const codes: Readonly<Record<number, string>> = {
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
}

function redirect({ status, scheme, host, port, path, prefix }: RedirectAction): Json {
  return {
    hostRedirect: host,
    schemeRedirect: scheme,
    portRedirect: port || undefined,
    pathRedirect: prefix === undefined ? path : undefined,
    prefixRewrite: prefix,
    responseCode: codes[status],
  }
}

function direct(written: HttpRoute['directResponse']): Json {
  const { status = 0, body } = written ?? {}
  return {
    status,
    body:
      body === undefined
        ? undefined
        : typeof body === 'string'
          ? { inlineString: body }
          : { inlineBytes: body.base64 },
  }
}

function forward(route: Route, action: ForwardAction, { meshConfig, clusterOf }: RouteOptions): Json {
  const { http, service } = route.written
  const timeout = duration(http.timeoutMs ?? 0)
  const weights = http.route.filter(({ weight }) => weight !== 0)
  const [only] = action.targets
  return {
    ...(action.weighted
      ? {
          weightedClusters: {
            clusters: action.targets.map(({ target, weight, host }, index) => ({
              name: clusterOf(target),
              weight,
              hostRewriteLiteral: host,
              ...headerChangesOf([weights[index]?.headers]),
            })),
          },
        }
      : { cluster: only && clusterOf(only.target) }),
    clusterNotFoundResponseCode: service.semantics === 'gateway' ? 'INTERNAL_SERVER_ERROR' : undefined,
    timeout,
    maxGrpcTimeout: timeout,
    retryPolicy: retryPolicy(http.retries ?? meshConfig.defaultHttpRetryPolicy),
    hostRewriteLiteral: action.host ?? (action.weighted ? undefined : only?.host),
    ...rewrite(route, action),
    requestMirrorPolicies: some(mirrors(route, action, clusterOf)),
  }
}

function rewrite(route: Route, { rewrite: written }: ForwardAction): Json {
  switch (written?.kind) {
    case 'prefix':
      return { prefixRewrite: written.to }
    case 'regex':
      return { regexRewrite: { pattern: { regex: written.match }, substitution: written.to } }
    case 'strip-segments': {
      const from = route.path.kind === 'segments' ? route.path.text : ''
      return { regexRewrite: { pattern: { regex: `^${quoteMeta(from)}(/?)(.*)` }, substitution: '/\\2' } }
    }
  }
  return {}
}

function mirrors(route: Route, action: ForwardAction, clusterOf: RouteOptions['clusterOf']): readonly Json[] {
  const written = route.written.http.mirrors.filter(({ percentage }) => (percentage ?? 100) > 0)
  return action.mirrors.map(({ target }, index) => {
    const share = written[index]?.percentage
    return {
      cluster: clusterOf(target),
      runtimeFraction: {
        defaultValue:
          share === undefined
            ? { numerator: 100 }
            : { numerator: Math.trunc(share * 10000), denominator: 'MILLION' },
      },
      traceSampled: false,
      disableShadowHostSuffixAppend: true,
    }
  })
}
