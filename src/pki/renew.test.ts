/** A folder of certificates over the years, as `ca renew` from cron keeps it: what is prolonged, and until when. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { issueInto, openCaFolder } from './ca-folder.ts'
import { issuedIn, renew } from './renew.ts'

const DAY = 86_400_000

async function aFolder(t: TestContext, start: string) {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-renew-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [root, ca] = [join(folder, 'root'), join(folder, 'ca')]
  let now = Date.parse(start)
  const clock = () => now
  await openCaFolder(root, clock).init({ names: ['door.test'], authorities: true })
  await openCaFolder(ca, clock).initBelow({ from: root, names: ['door.test'] })
  await issueInto(ca, clock, { names: ['door.test'], usage: 'server' })
  const read = (...names: readonly string[]) => readFileSync(join(folder, ...names), 'utf8')
  return { root, ca, clock, read, wait: (days: number) => (now += days * DAY) }
}

// Around the year 2050 X.509 changes how it writes a date.
for (const start of ['2028-02-29T12:00:00Z', '2046-12-31T23:59:59Z']) {
  test(`from ${start} a certificate is good at every moment, until its authority ends, and that is told`, async (t) => {
    const { root, ca, clock, read, wait } = await aFolder(t, start)
    const leafIsGood = () => {
      const chain = read('ca', 'door.test.crt').split(/(?<=-----END CERTIFICATE-----\n)/)
      const [leaf, above] = chain.map((pem) => new X509Certificate(pem)) as [X509Certificate, X509Certificate]
      const anchor = new X509Certificate(read('ca', 'root.crt'))
      assert.ok(leaf.verify(above.publicKey) && above.verify(anchor.publicKey))
      for (const one of [leaf, above, anchor])
        assert.ok(
          one.validFromDate.getTime() <= clock() && clock() <= one.validToDate.getTime(),
          `${new Date(clock())}`,
        )
      return leaf
    }
    const { publicKey } = leafIsGood()
    let told = 0
    for (let week = 0; week < 52 * 12; week++) {
      wait(7)
      assert.deepEqual(issuedIn(ca), ['door.test'])
      const once = () => renew(ca, 'door.test', clock, { before: 30 })
      let done = await once()
      if (done.withAuthority && !done.renewed) {
        told++
        // The same again would be written each week, and say that all is well.
        assert.equal((await once()).renewed, false)
        const before = 60
        await renew(root, 'ca', clock, { before: 10 * 365 })
        const above = await renew(ca, 'ca', clock, { before, from: root })
        assert.deepEqual([above.renewed, above.withAuthority], [true, false])
        done = await once()
        assert.deepEqual([done.renewed, done.withAuthority], [true, false])
      }
      assert.ok(leafIsGood().publicKey.equals(publicKey))
    }
    assert.equal(told, 2)
    assert.equal(read('ca', 'root.crt'), read('root', 'ca.crt'))
  })
}

test('what ends with its authority is renewed as far as that goes, and the authority as far as its own', async (t) => {
  const { root, ca, clock, wait } = await aFolder(t, '2028-02-29T12:00:00Z')
  wait(1825 - 200)
  const leaf = await renew(ca, 'door.test', clock, { before: 30 })
  assert.deepEqual([leaf.renewed, leaf.withAuthority], [true, true])
  wait(3650 - 1825 - 200)
  const last = await renew(ca, 'ca', clock, { before: 30, from: root })
  assert.deepEqual([last.renewed, last.withAuthority], [true, true])
  assert.deepEqual((await renew(ca, 'ca', clock, { before: 365, from: root })).renewed, false)
})
