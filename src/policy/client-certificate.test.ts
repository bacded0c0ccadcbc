import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forwardCertificate } from './client-certificate.ts'

const peer = { uris: ['spiffe://a/b'], dnsNames: ['b.test'], subject: 'CN=b', trusted: true }
const sent = [['x-forwarded-client-cert', 'By=forged'] as const, ['x-other', '1'] as const]

const rows: readonly (readonly [
  mode: Parameters<typeof forwardCertificate>[2],
  local: string | undefined,
  trusted: boolean,
  want: string | undefined,
  why: string,
])[] = [
  ['SANITIZE_SET', 'spiffe://own', true, 'By=spiffe://own;Subject="CN=b";URI=spiffe://a/b;DNS=b.test', 'By= is the URI of its own certificate'],
  ['SANITIZE_SET', 'door.test', true, 'Subject="CN=b";URI=spiffe://a/b;DNS=b.test', 'a DNS name is no URI'],
  ['SANITIZE_SET', undefined, true, 'Subject="CN=b";URI=spiffe://a/b;DNS=b.test', 'no certificate, no By='],
  ['SANITIZE_SET', 'spiffe://own', false, undefined, 'a certificate nobody trusts is not told, and neither is the client believed'],
  ['APPEND_FORWARD', 'spiffe://own', true, 'By=forged,By=spiffe://own;Subject="CN=b";URI=spiffe://a/b;DNS=b.test', 'beside what was sent'],
  ['FORWARD_ONLY', 'spiffe://own', true, 'By=forged', 'only what was sent'],
  ['FORWARD_ONLY', 'spiffe://own', false, undefined, 'and of a stranger nothing'],
  ['ALWAYS_FORWARD_ONLY', undefined, false, 'By=forged', 'whoever sent it'],
  ['SANITIZE', 'spiffe://own', true, undefined, 'nothing at all'],
] // biome-ignore format: a table
for (const [mode, local, trusted, want, why] of rows) {
  test(`${mode}: ${why}`, () => {
    const headers = forwardCertificate(sent, { ...peer, trusted }, mode, local)
    assert.equal(headers.find(([name]) => name === 'x-forwarded-client-cert')?.[1], want)
    assert.equal(headers.find(([name]) => name === 'x-other')?.[1], '1')
  })
}
