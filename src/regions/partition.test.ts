import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  findHost,
  matchesExpression,
  matchesPath,
  matchesPathValue,
  matchesValue,
  normalizePath,
  type PathRules,
  parseValuePattern,
} from '../policy/index.ts'
import type { Partition } from './partition.ts'
import { type Pattern, PatternSet } from './pattern-set.ts'
import { addExemptions } from './sign-in.ts'
import { throughRoute, unchanged } from './through.ts'
import {
  authority,
  canonicalPath,
  headerText,
  hostAlphabet,
  pathAlphabet,
  valueAlphabet,
} from './universe.ts'

const usual: PathRules = { normalize: true, mergeSlashes: false, escapedSlashes: 'keep' }
const raw: PathRules = { normalize: false, mergeSlashes: false, escapedSlashes: 'keep' }

function pathPartition(patterns: readonly Pattern[], rules = raw): Partition {
  const set = new PatternSet()
  for (const pattern of patterns) set.add([pattern])
  const { partition } = set.part((nfa, label) => canonicalPath(nfa, rules, label), pathAlphabet)
  assert.ok(partition)
  return partition
}

/** Two texts are in one class exactly when every matcher says the same of both. */
function agrees(
  partition: Partition,
  texts: readonly string[],
  tests: readonly ((text: string) => boolean)[],
) {
  const seen = new Map<string, number>()
  for (const text of texts) {
    const found = partition.classOf(text)
    assert.ok(found, `${text} is outside`)
    const said = tests.map((each) => each(text)).join()
    assert.equal(tests.map((each) => each(found.witness)).join(), said, `${text} and ${found.witness}`)
    const before = seen.get(said) ?? found.id
    assert.equal(found.id, before, `${text} is in another class than its like`)
    seen.set(said, found.id)
  }
}

const pieces = [
  '/',
  '/dex',
  '/dex/',
  'v1',
  '/v1',
  'beta1',
  '/healthz',
  'a',
  '.',
  '*',
  '{',
  'serving',
  '/ns',
  ':predict',
  '%2f',
  '@',
  'Z',
]
const aPath = fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((parts) => `/${parts.join('')}`)

test('values and templates part paths as the engine matches them', () => {
  const values = ['/dex/*', '/dex/**', '/v1*', '*/healthz', '*', '/v1beta1/x', '*dex', '/']
  const templates = ['/serving/{*}/{**}', '/{**}/healthz', '/{*}']
  const partition = pathPartition([...values, ...templates].map((text) => ({ kind: 'path', text })))
  const tests = [...values, ...templates].map((text) => (path: string) => matchesPathValue(text, path))
  fc.assert(fc.property(fc.array(aPath, { minLength: 5 }), (paths) => agrees(partition, paths, tests)))
})

const expressions = [
  '^/v1/models/[^/]+(:predict|/infer)$',
  '/a.*|.*z',
  '(?i)/DEX/.*',
  '/(a|b)*c?',
  '/\\d{1,3}',
  '/[[:alpha:]]+\\.x',
  '.*',
  '',
  '/v1beta1$',
  '^(?:/a|^/b)',
]
test('expressions part paths as RE2 matches them', () => {
  const partition = pathPartition(
    expressions.map((text) => ({ kind: 'route', match: { kind: 'regex', text, ignoreCase: false } })),
  )
  const tests = expressions.map((text) => (path: string) => matchesExpression(text, path))
  const some = fc.oneof(
    aPath,
    fc.constantFrom('/a', '/b', '/abac', '/DeX/x', '/123', '/1234', '/q.x', '/v1/models/m:predict', '/z'),
  )
  fc.assert(fc.property(fc.array(some, { minLength: 5 }), (paths) => agrees(partition, paths, tests)))
})

test('an expression that asks for a word boundary is not translated, and one RE2 refuses matches nothing', () => {
  const set = new PatternSet()
  set.add([{ kind: 'match', match: { kind: 'regex', text: 'a\\b.*' } }])
  set.add([{ kind: 'match', match: { kind: 'regex', text: '(?=x)' } }])
  const { untranslated } = set.part((nfa, label) => canonicalPath(nfa, raw, label), pathAlphabet)
  assert.deepEqual(untranslated, ['a\\b.*'])
})

const levels: readonly PathRules[] = [
  usual,
  raw,
  { normalize: true, mergeSlashes: true, escapedSlashes: 'keep' },
  { normalize: true, mergeSlashes: true, escapedSlashes: 'unescape' },
]
for (const rules of levels) {
  test(`the universe is what normalization leaves alone: ${JSON.stringify(rules)}`, () => {
    const partition = pathPartition([], rules)
    const odd = fc
      .array(
        fc.constantFrom(
          '/',
          '.',
          '..',
          '%',
          '%2e',
          '%2F',
          '%5c',
          '%41',
          '%00',
          '%zz',
          '%4',
          'a',
          '\\',
          '{',
          '"',
          '~',
        ),
        {
          maxLength: 7,
        },
      )
      .map((parts) => `/${parts.join('')}`)
    fc.assert(
      fc.property(odd, (path) => {
        const read = normalizePath(path, rules)
        const kept = read.kind === 'path' && read.path === path
        assert.equal(partition.classOf(path) !== undefined, kept, path)
        // What normalization makes of a path is left alone by it, but for what a broken escape hid:
        // `%4%41` becomes `%4A`, and no request one would write does.
        const broken = /%(?![0-9a-f]{2})/i.test(path)
        if (read.kind === 'path' && !broken) assert.ok(partition.classOf(read.path), read.path)
      }),
      { numRuns: 2000 },
    )
  })
}

test('hosts: exact before ending before any, whatever port and case', () => {
  const set = new PatternSet()
  for (const text of ['a.com', '*.com', '*']) set.add([{ kind: 'domain', text }])
  set.add([{ kind: 'value', text: 'a.com', ignoreCase: true, star: 0 }])
  const { partition } = set.part(authority, hostAlphabet)
  assert.ok(partition)
  const same = (a: string, b: string) => partition.classOf(a)?.id === partition.classOf(b)?.id
  assert.ok(same('a.com', 'A.COM'))
  assert.ok(!same('a.com', 'a.com:80'))
  assert.ok(same('a.com:80', 'A.com:8080'))
  assert.ok(same('b.com', 'x.y.com:1'))
  assert.ok(!same('b.com', 'b.org'))
  // The port stands behind the last colon that no bracket follows.
  const taken = (domain: string) => {
    const set = new PatternSet()
    set.add([{ kind: 'domain', text: domain }])
    return set.part(authority, hostAlphabet).partition
  }
  const table = (domain: string) =>
    ({
      servers: [],
      hosts: new Map(domain.startsWith('*') ? [] : [[domain, { domain }]]),
      suffixes: domain.startsWith('*') ? [[domain.slice(1), { domain }]] : [],
    }) as unknown as Parameters<typeof findHost>[0]
  const pieces = ['a.com', '.com', 'b', ':', ':80', '[', ']', '[::1]', 'A.COM', '.']
  const texts = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 5 })
  for (const domain of ['a.com', '*.com']) {
    const parted = taken(domain)
    fc.assert(
      fc.property(texts, (list) => {
        const host = list.join('')
        const labels = parted?.classOf(host)?.labels
        assert.equal(labels?.has(1), findHost(table(domain), host) !== undefined, `${domain} ${host}`)
      }),
      { numRuns: 1000, seed: 3 },
    )
  }
})

const routes: readonly (readonly [
  kind: 'prefix' | 'exact' | 'segments',
  text: string,
  to: string,
  inner: string,
])[] = [
  ['prefix', '/kfserving/', '/', '/v1/models/*'],
  ['prefix', '/foo', '/', '/bar'],
  ['prefix', '/foo', '/v1/', '*/x'],
  ['exact', '/a', '/b', '/b'],
  ['segments', '/api', '/', '/x*'],
]
for (const [kind, text, to, inner] of routes) {
  test(`a pattern behind a rewrite of ${kind} ${text} to ${to} is the pattern of what is rewritten`, () => {
    const path = { kind, text, ignoreCase: false } as Parameters<typeof matchesPath>[0]
    const rewrite = kind === 'segments' ? { kind: 'strip-segments' } : { kind: 'prefix', to }
    const route = { path, action: { kind: 'forward', rewrite } } as unknown as Parameters<
      typeof throughRoute
    >[0]
    const through = throughRoute(route, unchanged, usual)
    const set = new PatternSet()
    set.add([{ kind: 'path', text: inner }], through)
    set.add([{ kind: 'route', match: path }])
    const { partition } = set.part((nfa, label) => canonicalPath(nfa, raw, label), pathAlphabet)
    assert.ok(partition)
    const rewritten = (from: string) => {
      if (kind === 'exact') return to
      const rest = from.slice(text.length)
      return kind === 'segments' ? `/${rest.replace(/^\//, '')}` : to + rest
    }
    const tests = [
      (from: string) => matchesPath(path, from),
      (from: string) => matchesPath(path, from) && matchesValue(parseValuePattern(inner), rewritten(from)),
    ]
    const some = fc
      .array(fc.constantFrom('/', 'v1', '/models/', 'x', 'bar', 'm'), { maxLength: 5 })
      .map((parts) => text + parts.join(''))
    const found = (from: string) => tests.map((each) => each(from)).join()
    fc.assert(
      fc.property(fc.oneof(some, aPath), (from) => {
        const witness = partition.classOf(from)?.witness
        assert.ok(witness !== undefined)
        if (tests[0]?.(from)) assert.equal(found(witness), found(from), `${from} and ${witness}`)
      }),
    )
  })
}

test('an exemption of the auth service’s own looks at the decoded path', () => {
  const set = new PatternSet()
  const exemption = { source: '^/dex/', matches: (path: string) => path.startsWith('/dex/') }
  addExemptions(set, { answer: (_, usual) => usual, exemptions: [exemption], content: '' }, [''])
  const { partition } = set.part((nfa, label) => canonicalPath(nfa, usual, label), pathAlphabet)
  assert.ok(partition)
  const exempt = (path: string) => {
    try {
      return decodeURIComponent(path).startsWith('/dex/')
    } catch {
      return path.startsWith('/dex/')
    }
  }
  const escapes = [
    '/',
    'dex',
    'x',
    '%2f',
    '%2F',
    '%20',
    '%C3%A9',
    '%C3',
    '%E2%82%AC',
    '%ED%A0%80',
    '%zz',
    '%',
    '%25',
  ]
  const some = fc.array(fc.constantFrom(...escapes), { maxLength: 6 }).map((parts) => `/dex${parts.join('')}`)
  fc.assert(
    fc.property(some, (path) => {
      const found = partition.classOf(path)
      if (found !== undefined)
        assert.equal(exempt(found.witness), exempt(path), `${path} and ${found.witness}`)
    }),
    { numRuns: 3000 },
  )
})

test('a sample of a class is in it', () => {
  const partition = pathPartition(
    ['/dex/*', '*/healthz'].map((text) => ({ kind: 'path', text })),
    usual,
  )
  fc.assert(
    fc.property(fc.integer(), fc.nat(40), (seed, length) => {
      let state = seed
      const random = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        return state / 2 ** 32
      }
      for (const each of partition.classes) {
        assert.equal(partition.classOf(partition.sample(each, random, length))?.id, each.id)
      }
    }),
    { numRuns: 50 },
  )
})

test('a header value has no blanks at its ends', () => {
  const { partition } = new PatternSet().part(
    (nfa, label) => headerText(nfa, valueAlphabet, label, true),
    valueAlphabet,
  )
  assert.ok(partition)
  assert.ok(partition.classOf('') && partition.classOf('Bearer x'))
  assert.equal(partition.classOf(' x'), undefined)
  assert.equal(partition.classOf('x '), undefined)
})
