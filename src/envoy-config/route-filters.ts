/** What a route says to the fault and CORS filters: route.go, TranslateFault and TranslateCORSPolicy. */
import type { HttpRoute } from '../mesh/index.ts'
import { compact, duration, type Json, some, typed } from './json.ts'
import { routeString } from './string-matcher.ts'

export function perRouteFilters(route: HttpRoute): Json | undefined {
  if (route.fault === undefined && route.corsPolicy === undefined) return undefined
  return compact({
    'envoy.filters.http.fault': route.fault && fault(route.fault),
    'envoy.filters.http.cors': route.corsPolicy && cors(route.corsPolicy),
  })
}

function percent(value: number | undefined): Json | undefined {
  if (value === undefined) return undefined
  return { numerator: Math.trunc(value * 10000), denominator: 'MILLION' }
}

function fault({ abort, delay }: NonNullable<HttpRoute['fault']>): Json {
  const status =
    abort?.httpStatus !== undefined
      ? { httpStatus: abort.httpStatus }
      : abort?.grpcStatus !== undefined
        ? { grpcStatus: grpcCode(abort.grpcStatus) }
        : undefined
  return typed(
    'extensions.filters.http.fault.v3.HTTPFault',
    compact({
      abort: abort && status && { ...status, percentage: percent(abort.percentage) },
      delay:
        delay?.fixedDelayMs === undefined
          ? undefined
          : { fixedDelay: duration(delay.fixedDelayMs), percentage: percent(delay.percentage) ?? {} },
    }),
  )
}

const grpcCodes = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]

function grpcCode(name: string): number {
  return Math.max(0, grpcCodes.indexOf(name))
}

function cors(policy: NonNullable<HttpRoute['corsPolicy']>): Json {
  const text = (list: readonly string[]) => list.join(',') || undefined
  return typed(
    'extensions.filters.http.cors.v3.CorsPolicy',
    compact({
      allowOriginStringMatch: some(
        policy.allowOrigins.map(routeString).filter((match) => match !== undefined),
      ),
      allowMethods: text(policy.allowMethods),
      allowHeaders: text(policy.allowHeaders),
      exposeHeaders: text(policy.exposeHeaders),
      maxAge: policy.maxAgeSeconds === undefined ? undefined : String(policy.maxAgeSeconds),
      allowCredentials: policy.allowCredentials,
      filterEnabled: { defaultValue: { numerator: 100 } },
      forwardNotMatchingPreflights: policy.unmatchedPreflights !== 'IGNORE',
    }),
  )
}
