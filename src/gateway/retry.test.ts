import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RetryPolicy } from './retry.ts'
import type { Failure } from './upstream.ts'

const refused: Failure = { kind: 'connect', detail: 'Connection refused' }
const failures: readonly (readonly [
  on: string | undefined,
  failure: Failure,
  method: string,
  attempt: number,
  want: boolean,
  why: string,
])[] = [
  [undefined, refused, 'POST', 1, true, 'Istio tries again by default where nothing was reached'],
  [undefined, refused, 'POST', 3, false, 'twice more, not for ever'],
  [undefined, { kind: 'reset' }, 'GET', 1, true, 'a kept connection may end under a request'],
  [undefined, { kind: 'reset' }, 'POST', 1, false, 'what may have been done is not done again'],
  ['reset', { kind: 'reset' }, 'POST', 2, true, 'unless the route says so'],
  ['connect-failure', { kind: 'refused-stream' }, 'GET', 1, false, 'only what is named'],
  ['5xx', { kind: 'refused-stream' }, 'GET', 1, true, '5xx includes every way not to answer'],
  ['gateway-error', { kind: 'protocol' }, 'GET', 1, true, 'an answer that is none is a bad gateway'],
]
for (const [on, failure, method, attempt, want, why] of failures) {
  test(`${failure.kind} on ${on ?? 'the default'}, attempt ${attempt}: ${why}`, () => {
    const policy = new RetryPolicy({ method, ...(on !== undefined && { retries: { attempts: 2, on } }) })
    assert.equal(policy.afterFailure(failure, attempt), want)
  })
}

const answers: readonly (readonly [
  on: string,
  status: number,
  headers: string[],
  want: boolean,
  why: string,
])[] = [
  ['5xx', 500, [], true, 'any 5xx'],
  ['gateway-error', 500, [], false, '500 is the workload’s own'],
  ['gateway-error', 503, [], true, '502 to 504'],
  ['retriable-4xx', 409, [], true, 'only 409'],
  ['retriable-4xx', 404, [], false, 'only 409'],
  ['503,retriable-status-codes', 503, [], true, 'a code that is listed'],
  ['503,retriable-status-codes', 502, [], false, 'a code that is not'],
  ['unavailable', 200, ['grpc-status', '14'], true, 'a call’s own status'],
  ['unavailable', 200, ['x', 'grpc-status'], false, 'a value is no name'],
  ['connect-failure', 503, [], false, 'an answer is no failure to connect'],
]
for (const [on, status, headers, want, why] of answers) {
  test(`${status} ${headers.join(' ')} on ${on}: ${why}`, () => {
    const policy = new RetryPolicy({ method: 'GET', retries: { attempts: 1, on } })
    assert.equal(policy.afterAnswer(status, headers, 1), want)
    assert.equal(policy.afterAnswer(status, headers, 2), false)
  })
}

test('none is none', () => {
  const none = new RetryPolicy({ method: 'GET', retries: { attempts: 0, on: '' } })
  assert.equal(none.afterFailure(refused, 1), false)
  assert.equal(none.byAnswer, false)
})
