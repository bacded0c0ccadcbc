import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proxyFor } from './proxy-env.ts'

const p = 'http://proxy.corp:3128'
const rows: readonly (readonly [url: string, env: Record<string, string>, proxied: boolean, why: string])[] =
  [
    ['https://kf.example.com/', { HTTPS_PROXY: p }, true, 'by scheme'],
    ['https://kf.example.com/', { HTTP_PROXY: p }, false, 'the other scheme is not meant'],
    ['http://kf.example.com/', { http_proxy: p }, true, 'lower case is heard'],
    ['https://kf.example.com/', { ALL_PROXY: p }, true, 'for either'],
    ['https://kf.example.com/', { HTTPS_PROXY: 'proxy.corp:3128' }, true, 'a proxy without a scheme'],
    ['https://kf.example.com/', { HTTPS_PROXY: '' }, false, 'empty is none'],
    ['https://kf.example.com/', { HTTPS_PROXY: p, NO_PROXY: 'example.com' }, false, 'below a name'],
    ['https://kf.example.com/', { HTTPS_PROXY: p, NO_PROXY: '.example.com' }, false, 'with a dot in front'],
    [
      'https://kf.example.com/',
      { HTTPS_PROXY: p, no_proxy: 'a, kf.example.com:443' },
      false,
      'with its port',
    ],
    ['https://kf.example.com/', { HTTPS_PROXY: p, NO_PROXY: 'kf.example.com:8443' }, true, 'another port'],
    [
      'https://notexample.com/',
      { HTTPS_PROXY: p, NO_PROXY: 'example.com' },
      true,
      'an ending is not a domain',
    ],
    ['https://kf.example.com/', { HTTPS_PROXY: p, NO_PROXY: '*' }, false, 'everything'],
    ['https://localhost:8443/', { HTTPS_PROXY: p }, false, 'loopback never leaves the machine'],
    ['https://127.8.0.1/', { ALL_PROXY: p }, false, 'nor any address of it'],
    ['https://[::1]/', { ALL_PROXY: p }, false, 'nor in IPv6'],
  ]
for (const [url, env, proxied, why] of rows) {
  test(`${url} with ${JSON.stringify(env)} goes ${proxied ? 'through the proxy' : 'straight'}: ${why}`, () => {
    assert.equal(proxyFor(new URL(url), env)?.href, proxied ? `${p}/` : undefined)
  })
}
