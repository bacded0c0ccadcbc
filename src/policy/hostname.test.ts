import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostsForNamespace, intersection, resolveShortName, serverHosts } from './hostname.ts'

const common: readonly (readonly [left: string[], right: string[], want: string[], why: string])[] = [
  [['foo.com', 'bar.com'], ['*.com'], ['foo.com', 'bar.com'], 'the exact names are more specific'],
  [['*.com'], ['*.bar.com'], ['*.bar.com'], 'the longer wildcard is more specific'],
  [['foo.com'], ['bar.com'], [], 'nothing in common'],
  [['*'], ['a.test', 'a.test'], ['a.test'], 'once'],
  [['App.test'], ['app.test'], [], 'case is kept'],
  [['*.foo.com'], ['foo.com'], [], 'a wildcard wants a label before it'],
]
for (const [left, right, want, why] of common) {
  test(`${left} and ${right}: ${why}`, () => assert.deepEqual(intersection(left, right), want))
}

test('servers offer hosts to namespaces', () => {
  const hosts = serverHosts(['./a.test', 'apps/b.test', '*/c.test', 'd.test'], 'own')
  assert.deepEqual(hosts, ['own/a.test', 'apps/b.test', 'c.test', 'd.test'])
  assert.deepEqual(hostsForNamespace(hosts, 'own'), ['a.test', 'c.test', 'd.test'])
  assert.deepEqual(hostsForNamespace(hosts, 'apps'), ['b.test', 'c.test', 'd.test'])
  assert.deepEqual(serverHosts(['a.test', '*/*'], 'own'), ['*'])
})

test('only names without a dot are short', () => {
  assert.equal(resolveShortName('web', 'apps'), 'web.apps.svc.cluster.local')
  assert.equal(resolveShortName('web.apps', 'x'), 'web.apps')
  assert.equal(resolveShortName('*', 'x'), '*')
  assert.equal(resolveShortName('2001:db8::1', 'x'), '2001:db8::1')
})
