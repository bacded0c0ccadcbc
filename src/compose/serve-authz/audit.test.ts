import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Decided } from '../../authz/index.ts'
import { openAuditLog } from './audit.ts'

const check = { via: 'http', method: 'GET', target: '/', host: 'door.test', headers: [] } as const
const allow = { kind: 'allow', id: 'a-1', reason: 'session', status: 200, set: [], remove: [] } as const
const deny = { kind: 'deny', id: 'a-2', reason: 'failed', status: 503, headers: [], body: 'secret' } as const
const long = 'x'.repeat(600)

const rows: readonly (readonly [what: string, decided: Decided, line: Readonly<Record<string, unknown>>])[] =
  [
    [
      'somebody let in',
      { check, verdict: { ...allow, who: 'user@example.com' }, ms: 0.0126 },
      { level: 'info', path: '/', verdict: 'allow', reason: 'session', who: 'user@example.com', us: 13 },
    ],
    [
      'no query and no fragment, whichever comes first',
      { check: { ...check, target: '/a?code=canary#b' }, verdict: allow, ms: 0 },
      { path: '/a' },
    ],
    [
      'a fragment before the query',
      { check: { ...check, target: '/a#b?code=canary' }, verdict: allow, ms: 0 },
      { path: '/a' },
    ],
    [
      'quotes and ends of lines, everywhere',
      {
        check: { ...check, method: 'G"T', host: 'a\\"\n{', target: '/"\u2028\r\n' },
        verdict: { ...allow, who: '"},\n{"who":"admin' },
        ms: 0,
      },
      { method: 'G"T', host: 'a\\"\n{', path: '/"\u2028\r\n', who: '"},\n{"who":"admin' },
    ],
    [
      'a refusal, with its detail and trace, and nothing of what the caller got',
      {
        check: { ...check, host: long, target: `/${long}` },
        verdict: { ...deny, detail: long },
        ms: 1,
        trace: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      },
      {
        level: 'error',
        status: 503,
        host: `${long.slice(0, 512)}…`,
        path: `/${long.slice(0, 511)}…`,
        detail: `${long.slice(0, 512)}…`,
        trace: 'a'.repeat(32),
      },
    ],
  ]

test('each decision is one line of JSON, in order, and all are written when it is closed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-audit-'))
  try {
    const file = join(folder, 'audit.log')
    const log = openAuditLog(file)
    for (const [, decided] of rows) log.decision(decided)
    log.event('signed-in', { user: 'user@example.com' })
    await log.flush()
    for (let at = 0; at < 2000; at++) log.decision({ check, verdict: { ...allow, id: `n-${at}` }, ms: 0 })
    await log.close()
    const text = readFileSync(file, 'utf8')
    assert.doesNotMatch(text, /canary|secret/)
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.equal(lines.length, rows.length + 1 + 2000)
    for (const [at, [what, , wanted]] of rows.entries())
      for (const [name, value] of Object.entries(wanted))
        assert.equal(lines[at]?.[name], value, `${what}: ${name}`)
    assert.equal(lines[rows.length]?.event, 'signed-in')
    assert.equal(lines.at(-1)?.id, 'n-1999')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
