import fc from 'fast-check'
import { hostWord, listOf, methodWord, one, pathWord, teamWord } from './random-words.ts'

const maybe = <T>(value: fc.Arbitrary<T>, freq = 2) => fc.option(value, { nil: undefined, freq })

/** VirtualService's StringMatch. */
function stringMatch(word: fc.Arbitrary<string>): fc.Arbitrary<Record<string, string>> {
  return fc.oneof(
    word.map((exact) => ({ exact })),
    word.map((text) => ({ prefix: text.slice(0, 3) || 'r' })),
    word.map((text) => ({ regex: `${text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&').slice(0, 4)}.*` })),
  )
}

const uri = fc.oneof(
  pathWord.map((exact) => ({ exact })),
  one('/', '/admin', '/public', '/public/', '/v1', '/a', '/pub').map((prefix) => ({ prefix })),
  one('/admin.*', '/[a-z]+', '/v1/models/([^/]+):predict', '.*', '/public/?').map((regex) => ({ regex })),
)

const match = fc.record(
  {
    uri: maybe(uri, 4),
    ignoreUriCase: maybe(fc.boolean()),
    method: maybe(stringMatch(methodWord)),
    authority: maybe(stringMatch(hostWord)),
    scheme: maybe(one({ exact: 'https' }, { exact: 'http' })),
    port: maybe(one(80, 443), 1),
    headers: maybe(
      fc.oneof(
        stringMatch(teamWord.filter((text) => text !== '')).map((test) => ({ 'x-team': test })),
        one<Record<string, object>>({ 'x-team': {} }, { 'x-absent': {} }),
        stringMatch(one('red', 'alice')).map((test) => ({ '@request.auth.claims.groups': test })),
      ),
    ),
    withoutHeaders: maybe(
      fc.oneof(
        stringMatch(teamWord.filter((text) => text !== '')).map((test) => ({ 'x-team': test })),
        one<Record<string, object>>({ 'x-team': {} }, { '@request.auth.claims[groups]': { exact: 'red' } }),
      ),
      1,
    ),
    queryParams: maybe(
      stringMatch(one('1', 'two')).map((test) => ({ q: test })),
      1,
    ),
  },
  { noNullPrototype: true },
)

const destination = one(
  { host: 'a.apps.svc.cluster.local' },
  { host: 'a' },
  { host: 'b', port: { number: 80 } },
  { host: 'b.apps.svc.cluster.local', port: { number: 80 } },
  { host: 'b', subset: 'v1', port: { number: 81 } },
  { host: 'missing.apps.svc.cluster.local' },
  { host: 'a', subset: 'none' },
)

const headers = maybe(
  one(
    { request: { set: { 'x-set': 'route', 'x-team': 'set' }, add: { 'x-add': 'a' } } },
    { request: { remove: ['x-team', 'cookie'] } },
    { request: { set: { Host: 'set.test' } } },
    { request: { add: { 'x-from': '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%' } } },
    { response: { set: { 'x-answer': 'yes' }, remove: ['x-upstream-says'] } },
  ),
)

const forward = fc.record({
  route: fc.record({ destination, headers }).map((each) => [each]),
  rewrite: maybe(
    one<Record<string, unknown>>(
      { uri: '/' },
      { uri: '/rewritten' },
      { uri: '/r/', authority: 'rewritten.test' },
      { authority: 'only.test' },
      { uriRegexRewrite: { match: '^/([^/]+)/(.*)$', rewrite: '/\\2/\\1' } },
    ),
  ),
  headers,
  corsPolicy: maybe(
    one<Record<string, unknown>>(
      {
        allowOrigins: [{ exact: 'https://o.test' }],
        allowMethods: ['GET'],
        allowCredentials: true,
        maxAge: '1h',
      },
      {
        allowOrigins: [{ regex: 'https://.*\\.test' }],
        allowHeaders: ['x-a'],
        unmatchedPreflights: 'IGNORE',
      },
    ),
    1,
  ),
  fault: maybe(
    one(
      { abort: { httpStatus: 418, percentage: { value: 100 } } },
      { abort: { httpStatus: 503, percentage: { value: 0 } } },
    ),
    1,
  ),
})

const redirect = one<Record<string, unknown>>(
  { uri: '/moved' },
  { authority: 'moved.test', redirectCode: 302 },
  { scheme: 'https' },
  { scheme: 'https', port: 8443, redirectCode: 308 },
  { derivePort: 'FROM_REQUEST_PORT', uri: '/p?x=1' },
).map((value) => ({ redirect: value }))

const direct = one<Record<string, unknown>>(
  { status: 200, body: { string: 'direct' } },
  { status: 204 },
  { status: 503, body: { string: 'down' } },
).map((directResponse) => ({ directResponse }))

export const httpRoute = fc
  .record({
    name: maybe(one('one', 'two')),
    match: maybe(listOf(match), 4),
    action: fc.oneof(
      { weight: 8, arbitrary: forward },
      { weight: 1, arbitrary: redirect },
      { weight: 1, arbitrary: direct },
    ),
  })
  .map(({ action, ...rest }) => JSON.parse(JSON.stringify({ ...rest, ...action })) as Record<string, unknown>)

export const virtualService = fc
  .record({
    hosts: fc.uniqueArray(one('*', '*', 'app.test', 'api.test', '*.wild.test', 'x.wild.test'), {
      minLength: 1,
      maxLength: 2,
    }),
    gateways: one(['istio-system/gw'], ['istio-system/gw', 'istio-system/gw2'], ['istio-system/gw2']),
    http: fc.array(httpRoute, { minLength: 1, maxLength: 3 }),
  })
  .map((spec) => (index: number) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: `v${index}`, namespace: 'apps' },
    spec: { ...spec, hosts: spec.hosts.includes('*') ? ['*'] : spec.hosts },
  }))
