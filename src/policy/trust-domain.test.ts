import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expandPrincipal, expandTrustDomain, trustDomains } from './trust-domain.ts'

const domains = trustDomains({ trustDomain: 'new', trustDomainAliases: ['old', 'older'] })

const rows: readonly (readonly [written: string, want: readonly string[], why: string])[] = [
  ['new/ns/a/sa/b', ['new/ns/a/sa/b', 'old/ns/a/sa/b', 'older/ns/a/sa/b'], 'the mesh stands for its aliases'],
  ['old/ns/a/sa/b', ['new/ns/a/sa/b', 'old/ns/a/sa/b', 'older/ns/a/sa/b'], 'an alias for all of them'],
  [
    'cluster.local/ns/a/sa/b',
    ['new/ns/a/sa/b', 'old/ns/a/sa/b', 'older/ns/a/sa/b'],
    'cluster.local for the mesh, whatever it is called',
  ],
  ['other/ns/a/sa/b', ['other/ns/a/sa/b'], 'a foreign domain stays'],
  ['*/ns/a/sa/b', ['*/ns/a/sa/b'], 'any domain stays any'],
  ['*', ['*'], 'a lone star is not five parts'],
  ['*/sa/b', ['*/sa/b'], 'nor is a suffix'],
  ['*ld/ns/a/sa/b', ['new/ns/a/sa/b', '*ld/ns/a/sa/b', 'older/ns/a/sa/b'], 'a pattern stays where it fits'],
]

for (const [written, want, why] of rows) {
  test(`${written}: ${why}`, () => {
    assert.deepEqual(expandPrincipal(written, domains), want)
  })
}

test('trustDomains values stand for all when they are one of them', () => {
  assert.deepEqual(expandTrustDomain('old', domains), ['new', 'old', 'older'])
  assert.deepEqual(expandTrustDomain('cluster.local', domains), ['cluster.local'])
})
