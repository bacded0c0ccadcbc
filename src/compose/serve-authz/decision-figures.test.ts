import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Decided } from '../../authz/index.ts'
import { createDecisionFigures } from './decision-figures.ts'

const decided = (via: 'http' | 'grpc', kind: 'allow' | 'deny', ms: number) =>
  ({
    check: { via, method: 'GET', target: '/', host: 'door.test', headers: [] },
    verdict: { kind, reason: kind === 'allow' ? 'session' : 'token-expired' },
    ms,
  }) as unknown as Decided

test('decisions are counted by what they were, and their times add up from bucket to bucket', () => {
  const figures = createDecisionFigures()
  for (const ms of [0.05, 0.1, 0.3]) figures.add(decided('http', 'allow', ms))
  figures.add(decided('http', 'deny', 20_000))
  figures.add(decided('grpc', 'allow', 2))
  const lines = figures.text().split('\n')
  const rows: readonly (readonly [line: string, why: string])[] = [
    ['kfdoor_authz_decisions_total{verdict="allow",reason="session",via="http"} 3', 'three sessions'],
    ['kfdoor_authz_decisions_total{verdict="deny",reason="token-expired",via="http"} 1', 'one refusal'],
    ['kfdoor_authz_decisions_total{verdict="allow",reason="session",via="grpc"} 1', 'another protocol'],
    ['kfdoor_authz_decision_seconds_bucket{le="0.0001",via="http"} 2', 'a bound is within its bucket'],
    ['kfdoor_authz_decision_seconds_bucket{le="0.0005",via="http"} 3', 'the next holds the ones before it'],
    ['kfdoor_authz_decision_seconds_bucket{le="5",via="http"} 3', 'too slow for every bound'],
    ['kfdoor_authz_decision_seconds_bucket{le="+Inf",via="http"} 4', 'and counted all the same'],
    ['kfdoor_authz_decision_seconds_count{via="http"} 4', 'all of them'],
  ]
  for (const [line, why] of rows) assert.ok(lines.includes(line), `${why}: ${line}`)
  assert.match(figures.text(), /_sum\{via="http"\} 20\.00045\n/)
})
