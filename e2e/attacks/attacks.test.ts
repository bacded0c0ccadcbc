/**
 * Requests a front door must survive, against the real engine, gateway, issuer, sign-in and
 * ext_authz service, and the local proxy: forged identities, paths and hosts with two meanings, smuggling, floods, tokens
 * of nobody, sign-ins of somebody else. Every failure names the entry.
 */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { readFolder } from './format.ts'
import { type Results, runAttacks } from './run.ts'

const isRoot = process.getuid?.() === 0
/** Only root can connect as another user. */
const attacks = readFolder(new URL('.', import.meta.url).pathname).filter(({ peer }) => !peer || isRoot)
/** The sign-in form's limit on a body is the issuer's, and its tests hold it. */
const elsewhere = new Set(['lim-007'])

describe('attacks on the door', () => {
  let results: Results
  before(async () => {
    results = await runAttacks(attacks.filter(({ id }) => !elsewhere.has(id)))
  })

  it('an honest request succeeds, before and after all of them', () => {
    assert.deepEqual(results.controls.failed, [])
    assert.ok(results.controls.n >= 20)
  })

  for (const attack of attacks)
    if (attack.class !== 'control' && !elsewhere.has(attack.id))
      it(`${attack.id} ${attack.class}: ${attack.why}`, () => {
        const verdict = results.verdicts.find((one) => one.attack.id === attack.id)
        assert.equal(verdict?.outcome, 'held', verdict?.why ?? 'not run')
      })
})
