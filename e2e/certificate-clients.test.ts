/**
 * What `ca inspect` says of each client, beside what curl, Python, Node, Go and Chromium said when they
 * were asked; `certificate-clients.real.test.ts` asks them again.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { judgeClients, readCertificates } from '../src/pki/index.ts'
import { rareRows } from './parts/rare-rows.ts'

const { taken } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'parts', 'rare-answers.json'), 'utf8'),
) as {
  readonly taken: Readonly<Record<string, string>>
}

describe('what is said of clients is what they did', () => {
  for (const row of rareRows()) {
    it(row.id, async () => {
      const verdicts = judgeClients({
        chain: await readCertificates(row.chain.join(''), row.id),
        trusted: await readCertificates(row.ca, 'the root'),
        host: row.host,
        now: Date.now(),
      })
      const who = verdicts.filter(({ accepts }) => accepts === 'yes').map(({ client }) => client)
      assert.equal(who.join(' '), taken[row.id], JSON.stringify(verdicts, null, 1))
      // Whoever refuses is told why, and nothing is left open.
      assert.ok(
        verdicts.every(
          ({ accepts, reasons }) => accepts === 'yes' || (accepts === 'no' && reasons.length > 0),
        ),
      )
    })
  }
})
