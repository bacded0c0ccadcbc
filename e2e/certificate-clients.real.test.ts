/**
 * What `ca inspect` says of each client, beside what the real ones do: curl, Python's ssl, urllib3, Node,
 * Go and Chromium are put before one server per row, each given the row's root.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { everybody } from '../src/pki/clients/client.ts'
import { judgeClients, readCertificates } from '../src/pki/index.ts'
import { oddRows } from './parts/odd-rows.ts'
import { rareRows } from './parts/rare-rows.ts'
import { type Answers, askClients } from './parts/tls-clients.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-odd-'))
const rare = rareRows()
const rows = [...rare, ...(await oddRows(folder))]
let answers: ReadonlyMap<string, Answers>

describe('what is said of clients is what they do', { timeout: 1_500_000 }, () => {
  before(async () => {
    answers = await askClients(rows, folder)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const [at, row] of rows.entries()) {
    it(row.id, async () => {
      const chain = await readCertificates(row.chain.join(''), row.id)
      const trusted = await readCertificates(row.ca, 'the root')
      const verdicts = judgeClients({ chain, trusted, host: row.host, now: Date.now() })
      assert.deepEqual(
        verdicts.map(({ client, accepts }) => `${client}: ${accepts}`),
        verdicts.map(({ client }) => `${client}: ${answers.get(client)?.[at] === 'ok' ? 'yes' : 'no'}`),
        JSON.stringify(
          verdicts.map(({ client, reasons }) => [client, answers.get(client)?.[at], ...reasons]),
          null,
          1,
        ),
      )
      // Whoever refuses is told why.
      assert.ok(verdicts.every(({ accepts, reasons }) => accepts === 'yes' || reasons.length > 0))
    })
  }

  it('the record of rare certificates is what they say', () => {
    const path = join(import.meta.dirname, 'parts', 'rare-answers.json')
    const record = JSON.parse(readFileSync(path, 'utf8')) as { readonly about: string }
    const taken = Object.fromEntries(
      rare.map(({ id }, at) => [
        id,
        everybody.filter((client) => answers.get(client)?.[at] === 'ok').join(' '),
      ]),
    )
    if (process.env.UPDATE_GOLDEN) writeFileSync(path, `${JSON.stringify({ ...record, taken }, null, 1)}\n`)
    else assert.deepEqual({ ...record, taken }, record)
  })
})
