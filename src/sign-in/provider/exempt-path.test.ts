import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readingsOf } from './exempt-path.ts'

const rows: readonly (readonly [path: string, exempt: boolean])[] = [
  ['/dex/auth', true],
  ['/dex/auth/local/login', true],
  ['/dex/..%2fpipeline', false],
  ['/dex/%2e%2e/pipeline', false],
  ['/dex/%2e%2e;/pipeline', false],
  ['/dex/..;x=y/pipeline', false],
  ['/dex/..\\pipeline', false],
  ['/dex/..%5cpipeline', false],
  ['/dex/%c0%ae%c0%ae/pipeline', false],
  ['/dex/a/../../pipeline', false],
  ['/dex/../dex/keys', true],
  ['/x/../dex/keys', false],
  ['/pipeline#/dex/', false],
]
for (const [path, exempt] of rows)
  test(`${path} ${exempt ? 'is' : 'is not'} below /dex/`, () =>
    assert.equal(
      readingsOf(path).every((one) => one.startsWith('/dex/')),
      exempt,
    ))
