/** Each rule beside real installations: what it has to speak of, and what it must not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { door } from './example-parts.ts'
import { allRules, lint } from './index.ts'
import { exemptionRows } from './near-misses/exemptions.fixture.ts'
import { gatewayRows } from './near-misses/gateways.fixture.ts'
import { policyRows } from './near-misses/policies.fixture.ts'
import type { Row, Rows } from './near-misses/row.fixture.ts'
import { serviceRows } from './near-misses/services.fixture.ts'
import { tokenRows } from './near-misses/tokens.fixture.ts'

const now = Date.UTC(2026, 6, 1) / 1000
const all: Rows = { ...tokenRows, ...exemptionRows, ...gatewayRows, ...policyRows, ...serviceRows }

function messages(code: string, { text, istioVersion, certificates }: Row): readonly string[] {
  const inputs = [
    { file: 'door.yaml', text: door },
    { file: 'mine.yaml', text, replaces: true },
  ]
  const { mesh, problems } = parseMesh(inputs)
  const { findings } = lint({
    mesh,
    problems,
    inputs,
    now,
    ...(istioVersion !== undefined && { istioVersion }),
    ...(certificates && {
      certificate: (namespace: string, name: string) => certificates[`${namespace}/${name}`],
    }),
  })
  // A row that does not parse would be silent about everything.
  const broken = findings.filter((found) => found.code === 'KFD0200' && code !== 'KFD0200')
  assert.deepEqual(
    broken.map(({ message }) => message),
    [],
  )
  return findings.filter((found) => found.code === code).map(({ message }) => message)
}

for (const [code, rows] of Object.entries(all)) {
  for (const row of rows) {
    test(`${code} ${row.reports ? 'reports' : 'is silent about'}: ${row.why}`, () => {
      const found = messages(code, row)
      if (!row.reports) assert.deepEqual(found, [])
      else assert.ok(found.length > 0, 'nothing is reported')
      if (row.says) assert.match(found.join('\n'), row.says)
    })
  }
}

test('every rule has six rows, on both sides', () => {
  const known = new Set<string>(allRules.map(({ code }) => code))
  // What the readers find has a table of its own (`../mesh`), as have the looks at all requests (`../regions`) and
  // suppressions (`suppress.test.ts`).
  const elsewhere = ['KFD0200', 'KFD0249', 'KFD0250', 'KFD0298']
  assert.deepEqual(
    [...known].filter((code) => !(code in all) && !elsewhere.includes(code)),
    [],
  )
  for (const [code, rows] of Object.entries(all)) {
    assert.ok(known.has(code), code)
    assert.ok(rows.length >= 6, `${code} has ${rows.length}`)
    assert.ok(new Set(rows.map((row) => row.reports)).size === 2, code)
  }
})
