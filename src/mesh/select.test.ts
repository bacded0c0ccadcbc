import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSubset, serviceSelects } from './select.ts'

const rows: readonly (readonly [
  selector: Record<string, string>,
  labels: Record<string, string>,
  want: boolean,
])[] = [
  [{}, {}, true],
  [{}, { app: 'a' }, true],
  [{ app: 'a' }, { app: 'a', istio: 'b' }, true],
  [{ app: 'a', istio: 'b' }, { app: 'a' }, false],
  [{ app: 'a' }, { app: 'A' }, false],
  [{ app: '*' }, { app: 'a' }, false],
  [{ toString: '' }, {}, false],
]

for (const [selector, labels, want] of rows) {
  test(`${JSON.stringify(selector)} ${want ? 'takes' : 'leaves'} ${JSON.stringify(labels)}`, () =>
    assert.equal(isSubset(selector, labels), want))
}

test('a Service without a selector takes no pod', () => {
  assert.equal(serviceSelects({}, { app: 'a' }), false)
  assert.equal(serviceSelects({ selector: {} }, { app: 'a' }), false)
  assert.equal(serviceSelects({ selector: { app: 'a' } }, { app: 'a' }), true)
})
