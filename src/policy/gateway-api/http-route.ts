/** HTTPRoute and GRPCRoute rules as VirtualService routes: Istio `kube/gateway/conversion.go`. */
import type { At } from '../../base/index.ts'
import type { HttpMatch, HttpRoute, OtherObject, StringMatch } from '../../mesh/index.ts'
import { type Backends, convertBackends, convertMirror } from './backend.ts'
import { convertCors, convertHeaders, convertRedirect, convertRewrite } from './filter.ts'
import { child, list, number, text } from './json.ts'

/** One rule with one of its matches. */
export interface ConvertedRule {
  readonly route: HttpRoute
  /** `rules[1].matches[0]`. */
  readonly rule: string
  readonly redirectPrefix?: string
}

/** `undefined` when one rule cannot be used: Istio then takes none of the object. */
export function convertRules(object: OtherObject, backends: Backends): readonly ConvertedRule[] | undefined {
  const converted: ConvertedRule[] = []
  for (const [index, rule] of list(child(object.raw, 'spec', 'rules')).entries()) {
    const written = list(child(rule, 'matches'))
    // The CRD's default: a rule without matches takes every path; a GRPCRoute's has none to fill in.
    const matches = written.length === 0 ? [{}] : written
    for (const [at, match] of matches.entries()) {
      const name = text(child(rule, 'name')) ?? `${object.namespace}.${object.name}.${index}`
      const result = convertRule(object, rule, name, match, backends)
      if (result === undefined) return undefined
      converted.push({ ...result, rule: `rules[${index}].matches[${at}]` })
    }
  }
  return converted
}

function convertRule(
  object: OtherObject,
  rule: unknown,
  name: string,
  written: unknown,
  backends: Backends,
): Omit<ConvertedRule, 'rule'> | undefined {
  const { at } = object
  const match = object.kind === 'GRPCRoute' ? grpcMatch(written, at) : httpMatch(written, at)
  if (match === undefined) return undefined
  const route: { -readonly [K in keyof HttpRoute]: HttpRoute[K] } = {
    at,
    name,
    match: [match],
    route: [],
    mirrors: [],
  }
  let redirectPrefix: string | undefined
  for (const filter of list(child(rule, 'filters'))) {
    switch (text(child(filter, 'type'))) {
      case 'RequestHeaderModifier':
        route.headers = { ...route.headers, request: convertHeaders(child(filter, 'requestHeaderModifier')) }
        break
      case 'ResponseHeaderModifier':
        route.headers = {
          ...route.headers,
          response: convertHeaders(child(filter, 'responseHeaderModifier')),
        }
        break
      case 'RequestRedirect': {
        const redirect = convertRedirect(child(filter, 'requestRedirect'), at)
        route.redirect = redirect.redirect
        redirectPrefix = redirect.prefix
        break
      }
      case 'RequestMirror': {
        const mirror = convertMirror(child(filter, 'requestMirror'), backends, at)
        if (mirror !== undefined) route.mirrors = [...route.mirrors, mirror]
        break
      }
      case 'URLRewrite':
        route.rewrite = convertRewrite(child(filter, 'urlRewrite'), at)
        break
      case 'CORS':
        route.corsPolicy = convertCors(child(filter, 'cors'), at)
        break
      default:
        return undefined
    }
  }
  addTimeouts(route, rule)
  const refs = list(child(rule, 'backendRefs'))
  const weight = refs.reduce<number>((sum, ref) => sum + (number(child(ref, 'weight')) ?? 1), 0)
  if (weight === 0 && route.redirect === undefined) {
    route.directResponse = { at, status: 500 }
  } else {
    const destinations = convertBackends(refs, backends, at)
    if (destinations === undefined) return undefined
    route.route = destinations
  }
  return { route, ...(redirectPrefix !== undefined && { redirectPrefix }) }
}

function httpMatch(written: unknown, at: At): HttpMatch | undefined {
  const uri = pathMatch(child(written, 'path'), at)
  const headers = valueMatches(child(written, 'headers'), at)
  const queryParams = valueMatches(child(written, 'queryParams'), at)
  if (uri === undefined || headers === undefined || queryParams === undefined) return undefined
  const method = text(child(written, 'method'))
  return {
    ...bareMatch(at),
    uri,
    headers,
    queryParams,
    ...(method !== undefined && { method: { at, kind: 'exact', text: method } }),
  }
}

function bareMatch(at: At): HttpMatch {
  return { at, ignoreUriCase: false, headers: {}, withoutHeaders: {}, queryParams: {}, sourceLabels: {} }
}

function pathMatch(path: unknown, at: At): StringMatch | undefined {
  const value = text(child(path, 'value')) ?? '/'
  switch (text(child(path, 'type')) ?? 'PathPrefix') {
    case 'PathPrefix':
      return { at, kind: 'prefix', text: value === '/' ? value : value.replace(/\/$/, '') }
    case 'Exact':
      return { at, kind: 'exact', text: value }
    case 'RegularExpression':
      return { at, kind: 'regex', text: value }
    default:
      return undefined
  }
}

/** Names are kept as written: two spellings of one header both have to match. */
function valueMatches(written: unknown, at: At): Readonly<Record<string, StringMatch>> | undefined {
  const matches: Record<string, StringMatch> = {}
  for (const entry of list(written)) {
    const type = text(child(entry, 'type')) ?? 'Exact'
    if (type !== 'Exact' && type !== 'RegularExpression') return undefined
    matches[text(child(entry, 'name')) ?? ''] = {
      at,
      kind: type === 'Exact' ? 'exact' : 'regex',
      text: text(child(entry, 'value')) ?? '',
    }
  }
  return matches
}

/** `/Service/Method`, in whatever kind of match says it. */
function grpcMatch(written: unknown, at: At): HttpMatch | undefined {
  const headers = valueMatches(child(written, 'headers'), at)
  if (headers === undefined) return undefined
  const method = child(written, 'method')
  if (method === undefined) return { ...bareMatch(at), headers }
  const [service, name] = [text(child(method, 'service')), text(child(method, 'method'))]
  if (service === undefined && name === undefined) return undefined
  const regex = text(child(method, 'type')) === 'RegularExpression'
  const uri = (kind: StringMatch['kind'], value: string): HttpMatch => ({
    ...bareMatch(at),
    headers,
    uri: { at, kind, text: value },
  })
  if (service === undefined) return uri('regex', `/[^/]+/${name}`)
  if (name === undefined) return regex ? uri('regex', `/${service}/.+`) : uri('prefix', `/${service}/`)
  return uri(regex ? 'regex' : 'exact', `/${service}/${name}`)
}

function addTimeouts(route: { -readonly [K in keyof HttpRoute]: HttpRoute[K] }, rule: unknown): void {
  const retry = child(rule, 'retry')
  if (retry !== undefined) {
    const codes = list(child(retry, 'codes')).map(String)
    route.retries = {
      attempts: number(child(retry, 'attempts')) ?? 2,
      retryOn: ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', ...codes].join(','),
    }
  }
  const request = duration(text(child(rule, 'timeouts', 'request')))
  const backend = duration(text(child(rule, 'timeouts', 'backendRequest')))
  if (request) route.timeoutMs = request
  if (!backend) return
  if (route.retries === undefined) route.timeoutMs = backend
  else route.retries = { ...route.retries, perTryTimeoutMs: backend }
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** GEP-2257: `1h30m`, `500ms`. */
function duration(written: string | undefined): number {
  let ms = 0
  for (const [, amount, unit] of (written ?? '').matchAll(/(\d+)(ms|h|m|s)/g)) {
    ms += Number(amount) * (units[unit as string] as number)
  }
  return ms
}
