/** Requests at random for doors at random, written as nobody writes them, and what the engine makes of each. */
import fc from 'fast-check'
import type { HeaderList } from '../policy/index.ts'
import { type Caller, headersOf, isInside } from './caller.ts'
import type { Cell } from './cell.ts'
import { Engine } from './engine.ts'
import { doorsOf, type Entrance, type Spot } from './entrance.ts'
import { type Outcome, outcomeOf, outside } from './outcome.ts'
import type { View } from './view.ts'

/** A request as it is sent. */
export interface Sent {
  readonly scheme: 'http' | 'https'
  readonly port: number
  readonly host: string
  /** With the query. */
  readonly path: string
  readonly method: string
  readonly headers: HeaderList
  readonly address: string
  readonly sni: string
  /** Where a caller inside the mesh turns to. */
  readonly service: string
  readonly servicePort: number
}

const words = [
  'a',
  'A',
  'b',
  'x',
  'v1',
  'v1x',
  '%2F',
  '%2f',
  '%61',
  '/',
  '//',
  '.',
  '..',
  '%2e',
  '%5C',
  '\\',
  ';',
  '.js',
  '*',
  '**',
  '{*}',
  '~',
  '%',
  '%zz',
  'red',
  'a%2Fb',
]
const path = fc
  .array(fc.tuple(fc.constantFrom('/', '/', '/', ''), fc.constantFrom(...words)), { maxLength: 5 })
  .map((parts) => `/${parts.map(([slash, word], at) => (at === 0 ? '' : slash) + word).join('')}`)
const usual = fc.constantFrom(
  '/',
  '/a',
  '/a/',
  '/a/x',
  '/a/b',
  '/b',
  '/b/',
  '/b/q/x',
  '/v1/x',
  '/v1beta',
  '/A',
  '/x.js',
  '/a/x/',
  '/b//x',
  '/a%2Fb',
  `/a/${'x'.repeat(3000)}`,
)
const query = fc.constantFrom(
  '',
  '',
  '',
  '?v=1',
  '?v=12',
  '?v=vx',
  '?',
  '?w=1&v=1',
  '?token=x',
  '?v',
  '?v=1&v=x',
)
const header = fc.oneof(
  fc.tuple(
    fc.constantFrom('x-team', 'X-Team'),
    fc.constantFrom('red', 'blue', 'RED', 'r', 'a red one', '', 'bred', 'd'),
  ),
  fc.tuple(fc.constant('x-env'), fc.constantFrom('red', 'rod', '', 'blue')),
  fc.tuple(
    fc.constant('x-forwarded-for'),
    fc.constantFrom('10.1.2.3', '10.0.7.7, 203.0.113.77', '2001:db8::7', 'x'),
  ),
  fc.tuple(fc.constant('x-forwarded-proto'), fc.constantFrom('https', 'http')),
  fc.tuple(fc.constant('origin'), fc.constantFrom('https://red.example', 'https://x.example')),
  fc.tuple(fc.constant('access-control-request-method'), fc.constant('GET')),
  fc.tuple(fc.constant('cookie'), fc.constantFrom('a=b', 'authservice_session=x')),
)

export const aRequest: fc.Arbitrary<Sent> = fc.record({
  scheme: fc.constantFrom('http', 'http', 'https'),
  port: fc.constantFrom(80, 443, 443, 9000, 8443),
  host: fc.constantFrom(
    'a.example.com',
    'A.Example.COM',
    'b.example.com',
    'x',
    'a.example.com:8080',
    'x:80',
    'q.a.example.com',
    'a.example.com.',
    '.example.com',
    'a',
    'b.b',
    'a.apps.svc.cluster.local',
    '[::1]:8080',
    'a:b:8080',
  ),
  path: fc.tuple(fc.oneof(usual, path), query).map(([one, other]) => one + other),
  method: fc.constantFrom('GET', 'GET', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD', 'PUT'),
  headers: fc.uniqueArray(header, { maxLength: 3, selector: ([name]) => name.toLowerCase() }),
  address: fc.constantFrom(
    '127.0.0.1',
    '10.0.0.1',
    '10.1.2.3',
    '10.0.255.255',
    '203.0.113.77',
    '8.8.8.8',
    '2001:db8::9',
    'fe80::1',
  ),
  sni: fc.constantFrom('', 'a.example.com', 'b.example.com', 'x', 'q.b.example.com'),
  service: fc.constantFrom('a', 'b'),
  servicePort: fc.constantFrom(80, 80, 81, 82),
})

/** What becomes of it at a door; undefined = this caller never sends such a one. */
export function fateOf(view: View, caller: Caller, sent: Sent, now: number): Outcome | undefined {
  const { scheme, port, method, headers, address, sni } = sent
  const own = headersOf(caller, {
    method,
    methods: [],
    headers: headers.map(([name, value]) => [name.toLowerCase(), value]),
    query: '',
    size: 0,
  })
  if (own === undefined) return undefined
  const inside = isInside(caller)
  const name = `${sent.service}.apps.svc.cluster.local`
  const number = inside ? sent.servicePort : port
  if (
    inside &&
    !view.mesh.services.some(
      (one) => one.name === sent.service && one.ports.some((each) => each.port === number),
    )
  ) {
    const known = view.mesh.services.find((one) => one.name === 'bytes')
    if (number === 80 || known === undefined) return undefined
    return fateOf(view, caller, { ...sent, service: 'bytes' }, now)
  }
  const door = 'istio-system/ingressgateway'
  const entrance: Entrance = {
    id: '',
    door,
    scheme: inside ? 'http' : scheme,
    port: number,
    ...(inside && { service: { namespace: 'apps', name: sent.service, host: name } }),
  }
  const proxy = doorsOf(view).get(door)
  const request = {
    method,
    scheme: entrance.scheme,
    host: inside ? (number === 80 ? name : `${name}:${number}`) : sent.host,
    path: sent.path,
    headers: own,
    port: number,
    sourceIp: address,
    ...(entrance.scheme === 'https' && { alpn: ['http/1.1'], ...(sni !== '' && { sni }) }),
  }
  const spot = { entrance, ...(proxy && { proxy }) } as Spot
  const decided = new Engine(view, now).ask({ entrance } as Cell, spot, caller, request)
  return decided === undefined ? outside : outcomeOf(decided)
}
