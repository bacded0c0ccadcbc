/** Objects as people write them, with one or two places spoilt. */
import fc from 'fast-check'
import { authorizationPolicy, requestAuthentication } from '../envoy/random-policies.ts'
import { virtualService } from '../envoy/random-routes.ts'
import { wideGateways } from './wide-gateways.ts'
import { wideServices } from './wide-services.ts'

type Tree = unknown

const odd = fc.constantFrom<Tree>(
  '',
  ' ',
  'UPPER.test',
  '*',
  '**',
  '*.test',
  '*.*.test',
  'a.*',
  '-bad-',
  'a b',
  'a_b',
  '.',
  './',
  '*/*',
  'ns/',
  '/x',
  'x/y/z',
  'x'.repeat(260),
  'http://jwks.test',
  'ftp://jwks.test',
  '1h',
  '1ms',
  '0.5ms',
  '-1s',
  '1.5s',
  'soon',
  '/{*}',
  '/{**}/{*}',
  '/a{*}',
  '[a',
  '(?=a)',
  '127.0.0.1',
  '127.0.0.1/33',
  '::1/64',
  'app.test:80',
  ':authority',
  ':path',
  'host',
  'x-a',
  'bad header',
  'cluster.local/ns/a/sa/b',
  0,
  1,
  -1,
  99,
  100,
  101,
  200,
  600,
  65_535,
  65_536,
  1.5,
  true,
  false,
  null,
  [],
  {},
  [''],
  ['a', 'a'],
  ['*', 'a.test'],
  { exact: '' },
  { regex: '' },
  { regex: '[a' },
  { prefix: 'x' },
)

interface Spot {
  readonly at: number
  readonly how: 'replace' | 'replace' | 'remove' | 'twice'
  readonly value: Tree
}

const spot: fc.Arbitrary<Spot> = fc.record({
  at: fc.nat(10_000),
  how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'twice'),
  value: odd,
})

/** Every place below `spec`, as a path. */
function placesOf(value: Tree, path: readonly (string | number)[]): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const entries: [string | number, Tree][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value)
  return [path, ...entries.flatMap(([key, each]) => placesOf(each, [...path, key]))]
}

function spoil(object: Tree, { at, how, value }: Spot): Tree {
  const places = placesOf((object as { spec: Tree }).spec, ['spec']).slice(1)
  const path = places[at % Math.max(places.length, 1)]
  if (path === undefined) return object
  const go = (node: Tree, [key, ...rest]: readonly (string | number)[]): Tree => {
    if (Array.isArray(node)) {
      if (rest.length > 0) return node.map((each, index) => (index === key ? go(each, rest) : each))
      if (how === 'remove') return node.filter((_, index) => index !== key)
      if (how === 'twice') return [...node, node[key as number]]
      return node.map((each, index) => (index === key ? value : each))
    }
    const { [key as string]: own, ...others } = node as Record<string, Tree>
    if (rest.length > 0) return { ...others, [key as string]: go(own, rest) }
    return how === 'remove' ? others : { ...others, [key as string]: how === 'twice' ? own : value }
  }
  return go(object, path)
}

const object: fc.Arbitrary<object> = fc.oneof(
  { weight: 3, arbitrary: authorizationPolicy.map((make) => make(0)) },
  { weight: 2, arbitrary: requestAuthentication.map((make) => make(0)) },
  { weight: 3, arbitrary: virtualService.map((make) => make(0)) },
  { weight: 3, arbitrary: wideServices.map((list) => list[0] as object) },
  { weight: 3, arbitrary: wideGateways.map((list) => list[0] as object) },
)

/** Enums by number: istiod's decoder takes any, the CRD's schema none. */
const enums = /"(action|mode|minProtocolVersion|maxProtocolVersion|derivePort|unmatchedPreflights)":-?[\d.]+/

/** Items of a list that are null: the same. */
const nothings = /[[,]null[,\]]/

/** One resource, as JSON. */
export const brokenObject: fc.Arbitrary<string> = fc
  .tuple(object, fc.array(spot, { minLength: 1, maxLength: 2 }))
  .map(([whole, spots]) => JSON.stringify(spots.reduce<Tree>(spoil, JSON.parse(JSON.stringify(whole)))))
  .filter((text) => !enums.test(text) && !nothings.test(text))
