/** Random doors wider than `envoy/random-mesh.ts` draws them, and requests at the corners of what HTTP allows. */
import fc from 'fast-check'
import type { CaseRequest, HeaderList } from '../../src/policy/index.ts'
import { envoyFilters } from '../envoy/random-filters.ts'
import {
  admitted,
  gatewayRequest,
  type Material,
  meshConfig,
  type Sample,
  surroundings,
} from '../envoy/random-mesh.ts'
import { authorizationPolicy, requestAuthentication } from '../envoy/random-policies.ts'
import { one } from '../envoy/random-words.ts'
import { wideGateways } from './wide-gateways.ts'
import { wideServices, wideTargets } from './wide-services.ts'

const mesh = (material: Material): fc.Arbitrary<string> =>
  fc
    .record({
      config: meshConfig,
      gateways: wideGateways,
      services: wideServices,
      policies: fc.array(authorizationPolicy, { maxLength: 2 }),
      tokens: fc.array(requestAuthentication, { maxLength: 1 }),
      filters: envoyFilters,
      webhook: one(true, true, true, true, true, false),
    })
    .map(({ config, gateways, services, policies, tokens, filters, webhook }) => {
      const objects = [
        ...surroundings(material),
        ...wideTargets,
        config,
        ...gateways,
        ...services,
        ...filters,
        ...policies.map((make, index) => make(index)),
        ...tokens.map((make, index) => make(index)),
      ].map((object) => JSON.stringify(object))
      return (webhook ? admitted(objects) : objects).join('\n---\n')
    })

const host = one(
  'app.test',
  'APP.Test',
  'app.test.',
  'app.test:80',
  'app.test:443',
  'app.test:notaport',
  'api.test:9999',
  'x.wild.test',
  'two.wild.test',
  'wild.test',
  '.wild.test',
  'a..wild.test',
  'ext.test',
  'a',
  'a.apps',
  'a.apps.svc.cluster.local',
  'a.apps.svc.cluster.local:80',
  '127.0.0.1',
  '[::1]:8080',
  'app.test@evil',
  '*.wild.test',
  '',
)

const path = one(
  '/admin%2Fx',
  '/admin%2fx',
  '/admin%5Cx',
  '/admin/%2e%2e/public',
  '/admin/..%2fpublic',
  '/%2e/admin',
  '/a%20b',
  '/%C3%A9',
  '/%c3%a9',
  '/%zz',
  '/%',
  '/%00',
  '/admin%3Fq=1',
  '/admin%23x',
  '/admin#frag',
  '/admin?',
  '/?',
  '/admin?a?b#c',
  '/public//a///b',
  '/public/./a/../a/b',
  '/public/a/b/',
  '/public/..',
  '/..',
  '/../../admin',
  '/admin/.',
  '/admin..',
  '/admin;a=b/x',
  '/a|b',
  '/"q"',
  '/{admin}',
  '/~admin',
  '/%7Eadmin',
  '/adm%69n',
  '/admin%25%32%66x',
  '/v1/models/m:predict',
  '/v1/models/m%3Apredict',
  '/public/a\\..\\b',
  '//',
  '///admin',
  '/a//',
  'http://app.test/admin',
  'http://other.test/public?x=1',
  'https://app.test/admin',
  'http://app.test',
  '*',
  'admin',
)

const extraHeader = one<readonly [string, string]>(
  ['x-team', 'red'],
  ['x-team', 'red,blue'],
  ['X-TEAM', 'blue'],
  ['x-team', ' red '],
  ['x_team', 'red'],
  ['x-other', ''],
  ['x-forwarded-proto', 'https'],
  ['x-forwarded-host', 'evil.test'],
  ['x-envoy-original-path', '/public'],
  ['x-envoy-internal', 'true'],
  ['x-envoy-retry-on', '5xx'],
  ['x-envoy-upstream-rq-timeout-ms', '1000'],
  ['x-envoy-decorator-operation', 'x'],
  ['x-forwarded-client-cert', 'URI=spiffe://cluster.local/ns/a/sa/b'],
  ['x-rewrite-url', '/public'],
  ['te', 'trailers'],
  ['connection', 'x-team'],
  ['authorization', 'Basic YTpi'],
  ['authorization', 'Bearer'],
  ['authorization', 'bearer x.y.z'],
  ['cookie', 'tok=a.b.c; tok=d'],
  ['x-payload', 'forged'],
  ['x-sub', 'forged'],
  ['kubeflow-userid', 'admin@example.com'],
  ['access-control-request-headers', 'x-a'],
  ['content-type', 'application/grpc'],
  ['expect', '100-continue'],
  ['x-nön', 'é'],
)

const odd = <T>(usual: T, drawn: T | undefined): T => drawn ?? usual

/** Now and then something no client writes. */
const request: fc.Arbitrary<CaseRequest> = fc
  .record({
    base: gatewayRequest,
    host: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: host }),
    path: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: path }),
    more: fc.array(extraHeader, { maxLength: 2 }),
    method: one(...Array<undefined>(12).fill(undefined), 'HEAD', 'PATCH', 'get', 'TRACE', 'PURGE'),
    port: one(...Array<undefined>(12).fill(undefined), 80, 9443),
    sni: one(undefined, undefined, undefined, 'app.test', 'X.wild.test', 'api.test.', 'nobody.test'),
  })
  .map(({ base, host: otherHost, path: otherPath, more, method, port, sni }) => {
    const secure = base.scheme === 'https'
    const usual = base.port
    return {
      ...base,
      host: odd(base.host, otherHost),
      path: odd(base.path, otherPath),
      method: odd(base.method, base.body === undefined ? method : undefined),
      port: port === undefined || secure === (port !== 9443) ? usual : port,
      headers: [...(base.headers ?? []), ...more] as HeaderList,
      ...(secure && sni !== undefined && { sni }),
    }
  })

export function wideSamples(material: Material, requestsEach: number): fc.Arbitrary<Sample> {
  return fc.record({
    mesh: mesh(material),
    requests: fc.array(request, { minLength: requestsEach, maxLength: requestsEach, size: 'max' }),
  })
}
