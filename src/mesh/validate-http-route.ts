import type { At } from '../base/index.ts'
import type { Destination, Headers, HttpMatch, HttpRoute, WeightedDestination } from './model.ts'
import type { Complain } from './validate.ts'
import {
  checkHeaderValue,
  checkMatchName,
  checkOtherName,
  checkRequestName,
  isAuthority,
} from './validate-headers.ts'
import {
  checkCors,
  checkFault,
  checkRedirect,
  checkRegex,
  checkRetries,
  checkRewrite,
  checkStatus,
  checkStringMatch,
} from './validate-http-parts.ts'
import {
  type Complaint,
  checkDuration,
  checkGatewayNames,
  checkLabelsOf,
  checkPort,
  checkWildcardDomain,
  isLabel,
} from './validate-names.ts'

/** One `http` route (istio pkg/config/validation/virtualservice.go, validateHTTPRoute). */
export function checkHttpRoute(route: HttpRoute, inDelegate: boolean, complain: Complain): void {
  const say = (wrong: Complaint, at: At = route.at): void => {
    if (wrong) complain(wrong, at)
  }
  say(checkConflict(route, inDelegate))
  for (const match of route.match ?? []) checkMatch(match, say)
  checkHeaders(route.headers, say)
  checkCors(route.corsPolicy, say)
  checkFault(route.fault, say)
  for (const { destination, percentage } of route.mirrors) {
    checkDestination(destination, say)
    if (percentage !== undefined && (percentage < 0 || percentage > 100)) {
      say(`a mirror’s percentage is ${percentage}, and goes from 0 to 100`)
    }
  }
  say(checkRedirect(route.redirect), route.redirect?.at)
  if (route.directResponse) {
    say(checkStatus(route.directResponse.status), route.directResponse.at)
    const { body } = route.directResponse
    const size = typeof body === 'string' ? body.length : ((body?.base64.length ?? 0) * 3) / 4
    if (size > 1024 * 1024) say('a direct response is larger than 1 MiB', route.directResponse.at)
  }
  say(checkRetries(route.retries))
  say(checkRewrite(route.rewrite), route.rewrite?.at)
  say(checkAuthority(route))
  checkDestinations(route.route, route.at, complain)
  if (route.timeoutMs !== undefined) say(checkDuration(route.timeoutMs))
}

function checkConflict(route: HttpRoute, inDelegate: boolean): Complaint {
  const { redirect, directResponse, fault, rewrite } = route
  const routes = route.route.length > 0
  if (route.delegate && !inDelegate) {
    return redirect || routes ? 'a route that delegates has neither `route` nor `redirect`' : undefined
  }
  if (route.delegate) return 'a delegate cannot delegate further'
  const answer = redirect ? 'redirect' : directResponse ? 'directResponse' : undefined
  if (!answer) return routes ? undefined : 'it needs a `route`, a `redirect` or a `directResponse`'
  if (redirect && directResponse) return '`redirect` and `directResponse` cannot stand together'
  if (routes) return `\`route\` and \`${answer}\` cannot stand together`
  if (fault) return `\`fault\` and \`${answer}\` cannot stand together`
  return rewrite ? `\`rewrite\` and \`${answer}\` cannot stand together` : undefined
}

type Say = (wrong: Complaint, at?: At) => void

function checkMatch(match: HttpMatch, say: Say): void {
  for (const [name, value] of Object.entries(match.headers)) {
    say(checkMatchName(name), value.at)
    say(checkStringMatch(value), value.at)
  }
  for (const [name, value] of Object.entries(match.withoutHeaders)) {
    say(checkMatchName(name), value.at)
    // `*` is presence here, not a regular expression.
    if (value.kind !== 'regex' || value.text !== '*') say(checkStringMatch(value), value.at)
  }
  // Envoy takes an empty prefix for the path, and for nothing else.
  if (match.uri?.kind === 'regex') say(checkRegex(match.uri.text), match.uri.at)
  for (const value of [match.scheme, match.method, match.authority, ...Object.values(match.queryParams)]) {
    if (value) say(checkStringMatch(value), value.at)
  }
  if (match.port) say(checkPort(match.port), match.at)
  say(checkLabelsOf(match.sourceLabels), match.at)
  say(checkGatewayNames((match.gateways ?? []).map(({ value }) => value)), match.at)
  if (match.sourceNamespace && !isLabel(match.sourceNamespace)) {
    say(`\`${match.sourceNamespace}\` is no namespace`, match.at)
  }
}

function checkHeaders(headers: Headers | undefined, say: Say): void {
  const { request, response } = headers ?? {}
  for (const [name, value] of [
    ...Object.entries(request?.set ?? {}),
    ...Object.entries(request?.add ?? {}),
  ]) {
    say(checkRequestName(name))
    say(checkHeaderValue(value))
  }
  for (const [name, value] of [
    ...Object.entries(response?.set ?? {}),
    ...Object.entries(response?.add ?? {}),
  ]) {
    say(checkOtherName(name))
    say(checkHeaderValue(value))
  }
  for (const name of [...(request?.remove ?? []), ...(response?.remove ?? [])]) say(checkOtherName(name))
}

/** The authority is changed in one place only. */
function checkAuthority(route: HttpRoute): Complaint {
  const { set = {}, add = {} } = route.headers?.request ?? {}
  const named = [...Object.entries(set), ...Object.entries(add)].filter(([name]) => isAuthority(name))
  let current = route.rewrite?.authority ?? ''
  for (const [, value] of named) {
    if (current !== '') return `the authority is set twice: \`${current}\`, and \`${value}\``
    current = value
  }
  return undefined
}

export function checkDestinations(routes: readonly WeightedDestination[], at: At, complain: Complain): void {
  const say: Say = (wrong, where = at) => {
    if (wrong) complain(wrong, where)
  }
  let total = 0
  for (const { destination, weight, headers } of routes) {
    checkDestination(destination, say)
    checkHeaders(headers, say)
    if (weight < 0) say(`the weight ${weight} is negative`)
    total += weight
  }
  if (routes.length > 1 && total === 0) say('the weights of all destinations together are 0')
}

function checkDestination(destination: Destination, say: Say): void {
  const { host, subset, port, at } = destination
  say(host.value === '*' ? 'a destination cannot be `*`' : checkWildcardDomain(host.value), host.at)
  if (subset && !isLabel(subset)) say(`\`${subset}\` is no subset’s name`, at)
  if (port !== undefined) say(checkPort(port), at)
}
