/** The authorizers of this world against the recorded ones: same question, same answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CaseAnswer, HeaderList } from '../../src/policy/index.ts'
import type { Recorded } from '../compare.ts'
import { openRecordings } from '../families.ts'
import { grpcAnswer } from './grpc-authorizer.ts'
import { httpAuthorizer } from './http-authorizer.ts'
import { sortedHeaders } from './http1.ts'

const recordings = openRecordings(0)

for (const name of ['ext-authz', 'ext-authz-grpc', 'fuzz-xa']) {
  test(`the authorizers answer every check of ${name} as recorded`, (context) => {
    let compared = 0
    for (const recorded of recordings.read(name).cases) {
      for (const [at, answer] of (recorded.answers ?? []).entries()) {
        const check = recorded.expect.checks?.[at] as unknown as Check
        assert.deepEqual(answered(check), wanted(answer), `${recorded.id} checks[${at}]`)
        compared++
      }
    }
    context.diagnostic(`${compared} answers`)
    assert.ok(compared > 200, `only ${compared} answers were compared`)
  })
}

interface Check {
  readonly service: string
  readonly method: string
  readonly path: string
  readonly host: string
  readonly headers: HeaderList
  readonly grpc?: NonNullable<Recorded['expect']['checks']>[number]
}

function answered(check: Check): unknown {
  const headers = check.headers ?? []
  if (check.grpc !== undefined) return { grpc: nullsOut(grpcAnswer({ ...check, headers })) }
  const reply = httpAuthorizer({ ...check, headers, body: '', bytes: Buffer.alloc(0) })
  if (reply.drop) return { failure: 'reset' }
  return {
    status: reply.status,
    headers: sortedHeaders(reply.headers),
    body: reply.body,
    ...(reply.delayMs !== undefined && { delayMs: reply.delayMs }),
  }
}

function wanted({ status, headers, body, failure, delayMs, grpc }: CaseAnswer): unknown {
  if (grpc !== undefined) return { grpc: nullsOut(grpc) }
  if (failure !== undefined) return { failure }
  return {
    status,
    headers: sortedHeaders(headers ?? []),
    body,
    ...(delayMs !== undefined && { delayMs }),
  }
}

/** An empty list was recorded as null. */
function nullsOut(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, each: unknown) =>
    Array.isArray(each) && each.length === 0 ? null : each,
  )
}
