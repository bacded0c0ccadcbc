import type { HttpRoute } from '../mesh/index.ts'
import { compact, duration, type Json, some, typed } from './json.ts'

const usual = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes'

const elsewhere: Json = {
  name: 'envoy.retry_host_predicates.previous_hosts',
  typedConfig: typed('extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
}

/** Statuses Go's net/http has a text for; other numbers are taken for conditions. */
const known = (code: number) =>
  [100, 101, 102, 103, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451].includes(code) ||
  (code >= 200 && code <= 208) ||
  code === 226 ||
  (code >= 300 && code <= 305) ||
  code === 307 ||
  code === 308 ||
  (code >= 400 && code <= 417) ||
  (code >= 500 && code <= 508) ||
  code === 510 ||
  code === 511

/** Istio's core/route/retry/retry.go, ConvertPolicy; undefined = none. */
export function retryPolicy(retries: HttpRoute['retries']): Json | undefined {
  if (retries === undefined) return policy({ numRetries: 2, retryOn: usual })
  if (retries.attempts <= 0) return undefined
  const parts = (retries.retryOn ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const isCode = (part: string) => /^[+-]?\d+$/.test(part) && known(Number(part))
  const codes = parts.filter(isCode).map(Number)
  let conditions = parts.filter((part) => !isCode(part)).join(',')
  if (codes.length > 0 && !conditions.includes('retriable-status-codes')) {
    conditions += ',retriable-status-codes'
  }
  return policy({
    numRetries: retries.attempts,
    retryOn: retries.retryOn ? conditions : usual,
    retriableStatusCodes: some(codes),
    perTryTimeout: retries.perTryTimeoutMs === undefined ? undefined : duration(retries.perTryTimeoutMs),
    retryPriority: retries.retryRemoteLocalities ? remoteLocalities : undefined,
  })
}

const remoteLocalities: Json = {
  name: 'envoy.retry_priorities.previous_priorities',
  typedConfig: typed('extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', {
    updateFrequency: 2,
  }),
}

function policy(own: Json): Json {
  return compact({ ...own, hostSelectionRetryMaxAttempts: '5', retryHostPredicate: [elsewhere] })
}
