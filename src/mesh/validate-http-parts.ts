/** What stands inside an `http` route: matches, retries, faults, CORS (istio validation.go). */
import { RE2JS } from 're2js'
import type { At } from '../base/index.ts'
import type { HttpRoute, StringMatch } from './model.ts'
import { checkCorsName } from './validate-headers.ts'
import { type Complaint, checkDuration, checkPort } from './validate-names.ts'

type Say = (wrong: Complaint, at?: At) => void

/** RE2, at most 1024 characters. */
export function checkRegex(text: string): Complaint {
  if (text === '') return 'a regular expression is empty'
  if (text.length > 1024) return 'a regular expression is longer than 1024 characters'
  if (isPlainRegex(text)) return undefined
  try {
    RE2JS.compile(text)
    return undefined
  } catch {
    return `\`${text}\` is no regular expression of RE2`
  }
}

/** Letters, dots, groups, classes and single repetitions: what JavaScript and RE2 read alike. */
const shared =
  /^(?:[\w /,:;=@%~-]|\\[./dwsDWS^$*+?()[\]{}|]|[\^$.|]|\((?:\?:|(?!\?))|\)|[*+?]|\[\^?(?:[\w ,.:;=@%~/-])+\])+$/

/** A quick yes: compiling for RE2 costs a hundred times as much, and a mesh has thousands. */
function isPlainRegex(text: string): boolean {
  if (!shared.test(text)) return false
  try {
    new RegExp(text, 'u')
    return true
  } catch {
    return false
  }
}

export function checkStringMatch(match: StringMatch): Complaint {
  if (match.kind === 'prefix' && match.text === '') return 'a prefix is empty'
  return match.kind === 'regex' ? checkRegex(match.text) : undefined
}

/** 600 passes, as in Istio, although its message says 599. */
export function checkStatus(status: number): Complaint {
  return status >= 200 && status <= 600 ? undefined : `the status ${status} is not between 200 and 599`
}

export function checkRedirect(redirect: HttpRoute['redirect']): Complaint {
  if (!redirect) return undefined
  const { uri, authority, scheme, port, derivePort, redirectCode } = redirect
  if (!uri && !authority && !scheme && port === undefined && derivePort === undefined) {
    return 'a redirect needs a `uri`, `authority`, `scheme` or `port`'
  }
  if (redirectCode && (redirectCode < 300 || redirectCode > 399))
    return `${redirectCode} is no redirect code, 3xx is`
  if (scheme && scheme !== 'http' && scheme !== 'https')
    return `a redirect’s scheme is http or https, not \`${scheme}\``
  return port ? checkPort(port) : undefined
}

export function checkRewrite(rewrite: HttpRoute['rewrite']): Complaint {
  if (!rewrite) return undefined
  const { uri, authority, uriRegexRewrite } = rewrite
  if (uri && uriRegexRewrite) return 'a rewrite has one of `uri` and `uriRegexRewrite`'
  if (!uri && !authority && !uriRegexRewrite)
    return 'a rewrite needs a `uri`, `uriRegexRewrite` or `authority`'
  if (!uriRegexRewrite) return undefined
  if (!uriRegexRewrite.match || !uriRegexRewrite.rewrite)
    return '`uriRegexRewrite` needs `match` and `rewrite`'
  return checkRegex(uriRegexRewrite.match)
}

const retryOn: ReadonlySet<string> = new Set([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'envoy-ratelimited',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
])

/** Codes Go's http.StatusText has a text for. */
const statusCodes =
  /^(10[0-3]|20[0-8]|226|30[0-5]|30[78]|40[0-9]|41[0-8]|42[1-6]|428|429|431|451|50[0-8]|51[01])$/

export function checkRetries(retries: HttpRoute['retries']): Complaint {
  if (!retries) return undefined
  const { attempts, perTryTimeoutMs, retryOn: on, retryRemoteLocalities } = retries
  if (attempts < 0) return `${attempts} attempts are fewer than none`
  if (attempts === 0 && (perTryTimeoutMs !== undefined || on || retryRemoteLocalities !== undefined)) {
    return 'retries are configured, and `attempts` is 0, which turns them off'
  }
  for (const policy of on ? on.split(',') : []) {
    if (!retryOn.has(policy) && !statusCodes.test(policy)) return `\`${policy}\` is no retryOn policy`
  }
  return perTryTimeoutMs === undefined ? undefined : checkDuration(perTryTimeoutMs)
}

const grpcStatuses: ReadonlySet<string> = new Set([
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
])

export function checkFault(fault: HttpRoute['fault'], say: Say): void {
  if (!fault) return
  const { abort, delay, at } = fault
  if (!abort && !delay) say('a fault needs an `abort` or a `delay`', at)
  say(checkPercentage(abort?.percentage), at)
  say(checkPercentage(delay?.percentage), at)
  if (abort?.httpStatus !== undefined) say(checkStatus(abort.httpStatus), at)
  if (abort?.grpcStatus !== undefined && !grpcStatuses.has(abort.grpcStatus)) {
    say(`\`${abort.grpcStatus}\` is no gRPC status`, at)
  }
  if (delay?.fixedDelayMs !== undefined) say(checkDuration(delay.fixedDelayMs), at)
}

function checkPercentage(value: number | undefined): Complaint {
  if (value === undefined || value === 0 || (value >= 0.0001 && value <= 100)) return undefined
  return `the percentage ${value} is neither 0 nor between 0.0001 and 100`
}

const methods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  '*',
])

export function checkCors(cors: HttpRoute['corsPolicy'], say: Say): void {
  if (!cors) return
  for (const origin of cors.allowOrigins) {
    if (origin.text === '') say('an allowed origin is empty', origin.at)
    else if (origin.kind === 'regex') say(checkRegex(origin.text), origin.at)
  }
  for (const method of cors.allowMethods)
    if (!methods.has(method)) say(`\`${method}\` is no HTTP method`, cors.at)
  for (const name of [...cors.allowHeaders, ...cors.exposeHeaders]) say(checkCorsName(name), cors.at)
  const { maxAgeSeconds } = cors
  if (maxAgeSeconds === undefined) return
  say(checkDuration(maxAgeSeconds * 1000), cors.at)
  if (!Number.isInteger(maxAgeSeconds)) say('`maxAge` is whole seconds', cors.at)
}
