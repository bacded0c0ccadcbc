import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { type ExposeOptions, readExpose, readUntil, refuseMeaningless } from './read-expose.ts'

const to = ['sa:team-a/ci']
const long = (length: number) => 'a'.repeat(length)

const refused: readonly (readonly [what: string, options: ExposeOptions, says: RegExp])[] = [
  ['everybody by a star', { to: ['user:*'] }, /`user:\*` is nobody/],
  ['a condition in an address', { to: ['user:a@b" or "'] }, /is nobody/],
  ['a namespace longer than there is', { to: [`sa:${long(64)}/ci`] }, /is nobody/],
  ['an account longer than there is', { to: [`sa:a/${long(254)}`] }, /is nobody/],
  ['a pattern', { to, path: '/a.*' }, /no path to expose/],
  ['a path that leaves itself', { to, path: '/a/../b' }, /takes out of paths/],
  ['a path with a dot alone', { to, path: '/a/.' }, /takes out of paths/],
  ['a label longer than there is', { to, host: `${long(64)}.example.com` }, /no host of its own/],
  ['a host with a star', { to, host: '*.example.com' }, /no host of its own/],
  ['a host that ends in a dot', { to, host: 'iris.example.com.' }, /no host of its own/],
  ['a host of one label', { to, host: 'iris' }, /no host of its own/],
  ['no time at all', { to, timeout: '0s' }, /`0s` is no duration/],
  ['more time than is counted', { to, timeout: '9999999999999h' }, /is no duration/],
  ['no methods', { to, methods: '' }, /`` are no methods/],
  ['any method', { to, methods: 'GET,*' }, /are no methods/],
  ['an audience with a star', { to, audience: '*' }, /no audience/],
  [
    'keys behind a password, which it does not repeat',
    { to, jwksUri: 'https://me:pw@k/keys' },
    /^(?!.*pw).*`--jwks-uri` is no address of keys/,
  ],
  ['the past', { to, until: '2020-01-01' }, /`2020-01-01` is past/],
  ['a day no month has', { to, until: '2030-02-31' }, /no date/],
  ['a word', { to, until: 'tomorrow' }, /no date/],
  ['a time without its zone', { to, until: '2030-12-31T10:00:00' }, /no date, nor a time with its zone/],
  ['a date with something behind it', { to, until: '2030-12-31Tgarbage' }, /no date/],
  ['anybody without saying so twice', { public: true }, /anyone who has the URL/],
  ['anybody and somebody', { to, public: true, yesAnyoneWithTheUrl: true }, /for everybody/],
  ['nobody', {}, /nobody is named/],
]
for (const [what, options, says] of refused) {
  test(`expose refuses ${what}`, () => {
    assert.throws(
      () => readExpose('iris', options),
      (error) => isFault(error) && error.code === 'ERR_USAGE' && says.test(error.message),
    )
  })
}

const meaningless = [
  ['model', { port: '80' }, /`--port` says nothing about a model/],
  ['notebook', { host: 'nb.example.com' }, /`--host` says nothing about a notebook/],
  ['service', { protocol: 'v2' }, /`--protocol` says nothing about a service/],
  ['pipelines', { audience: 'a' }, /`--audience` says nothing about Pipelines/],
  ['pipelines', { yesAnyoneWithTheUrl: true }, /`--yes-anyone-with-the-url` says nothing/],
] as const
for (const [what, options, says] of meaningless) {
  test(`expose of a ${what} refuses ${Object.keys(options)}, which would be believed to matter`, () => {
    assert.throws(
      () => refuseMeaningless(what, options),
      (error) => isFault(error) && error.code === 'ERR_USAGE' && says.test(error.message),
    )
  })
}

test('expose takes what is odd and right', () => {
  const { methods, until, path, host } = readExpose('iris', {
    to: [`user:o'neil+"x"@exämple.com`, 'group:null', 'sa:1/2'],
    methods: 'get,GET,post',
    until: '2999-12-31T10:00:00Z',
    path: '/a.b/c~/',
  })
  assert.deepEqual(
    [methods, until, path, host],
    [['GET', 'POST'], '2999-12-31T10:00:00Z', '/a.b/c~', undefined],
  )
  // The day counts to its end, here as in KFD0227.
  assert.deepEqual(readUntil('2026-01-02', Date.parse('2026-01-02T23:59:59Z')), { until: '2026-01-02' })
  assert.throws(() => readUntil('2026-01-02', Date.parse('2026-01-03T00:00:00Z')), /`2026-01-02` is past/)
})
