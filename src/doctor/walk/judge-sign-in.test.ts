import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeCookies, judgeReturn, spentSignIn } from './judge-sign-in.ts'

const codes = (found: readonly { readonly code: string }[]) => found.map(({ code }) => code)

const cookies: readonly (readonly [
  lines: readonly string[],
  url: string,
  found: readonly string[],
  why: string,
])[] = [
  [['a=1; Path=/; HttpOnly'], 'http://kf.example.com/', [], 'a plain cookie over http'],
  [['a=1; Secure'], 'https://kf.example.com/', [], 'a Secure cookie over https'],
  [['a=1; secure; Path=/'], 'http://kf.example.com/', ['KFD0319'], 'a Secure cookie over http'],
  [['a=1; Domain=.example.com'], 'https://kf.example.com/', [], 'the domain above'],
  [['a=1; Domain=kf.example.com'], 'https://kf.example.com/', [], 'its own domain'],
  [['a=1; Domain=ample.com'], 'https://kf.example.com/', ['KFD0320'], 'an ending is no domain'],
  [['a=1; Domain=kf.other.com'], 'https://kf.example.com/', ['KFD0320'], 'another domain'],
  [['a=1; Domain=example.com', 'a=2'], 'https://kf.example.com/', ['KFD0320'], 'one name, two domains'],
  [['a=1', 'a=2'], 'https://kf.example.com/', [], 'set again is not set twice'],
]
for (const [lines, url, found, why] of cookies) {
  test(`${why}: ${found.join() || 'nothing'}`, () => {
    const judged = judgeCookies(lines, { url })
    assert.deepEqual(codes(judged), found)
    assert.doesNotMatch(JSON.stringify(judged), /a=[12]/)
  })
}

const returns: readonly (readonly [uri: string, url: string, found: readonly string[], why: string])[] = [
  ['/oauth2/callback', 'https://kf.example.com/', [], 'a path alone'],
  ['https://kf.example.com/oauth2/callback', 'https://kf.example.com/', [], 'the same address'],
  [
    'http://kf.example.com/oauth2/callback',
    'https://kf.example.com/',
    ['KFD0321'],
    'http behind a proxy that ends TLS',
  ],
  ['https://other.example.com/cb', 'https://kf.example.com/', ['KFD0321'], 'another host'],
  ['http://localhost:8080/cb', 'http://127.0.0.1:8080/', ['KFD0321'], 'another name of the same machine'],
]
for (const [uri, url, found, why] of returns) {
  test(`${why}: ${found.join() || 'nothing'}`, () =>
    assert.deepEqual(codes(judgeReturn(uri, { url })), found))
}

const spent: readonly (readonly [path: string, parameter: string | undefined])[] = [
  ['/', undefined],
  ['/pipeline/?state=x', undefined],
  ['/dex/auth?client_id=a&state=x', undefined],
  ['/dex/auth/local?req=abc', 'req'],
  ['/dex/auth/local/login?back=&state=abc', 'state'],
  ['/dex/approval?req=abc', 'req'],
  ['/login/oidc?code=abc&state=def', 'state'],
  ['/oauth2/callback?code=abc', 'code'],
]
for (const [path, parameter] of spent) {
  test(`${path}: ${parameter ?? 'no step of a sign-in'}`, () => assert.equal(spentSignIn(path), parameter))
}
