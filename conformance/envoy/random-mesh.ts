/** Random doors and random requests, made so that they meet: fast-check shrinks both. */
import fc from 'fast-check'
import { parseMesh } from '../../src/mesh/index.ts'
import type { CaseRequest, HeaderList } from '../../src/policy/index.ts'
import { envoyFilters } from './random-filters.ts'
import { gatewayApi, gatewayApiProxy } from './random-gateway-api.ts'
import { authorizationPolicy, requestAuthentication } from './random-policies.ts'
import { virtualService } from './random-routes.ts'
import { type TokenPlan, tokenOf, tokenPlan } from './random-tokens.ts'
import { hostWord, methodWord, one, pathWord, sourceWord, teamWord } from './random-words.ts'

export interface Sample {
  /** Objects, as a YAML document each. */
  readonly mesh: string
  readonly requests: readonly CaseRequest[]
}

export interface Material {
  readonly certificate: string
  readonly key: string
  readonly authority: string
}

/** Services, the gateway's ports, the Secret: the same in every mesh. */
export function surroundings({ certificate, key, authority }: Material): readonly object[] {
  const service = (name: string, namespace: string, ports: readonly object[], more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { ports, ...more },
  })
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tls', namespace: 'istio-system' } }
  return [
    service(
      'istio-ingressgateway',
      'istio-system',
      [
        { name: 'http2', port: 80, targetPort: 8080 },
        { name: 'https', port: 443, targetPort: 8443 },
        { name: 'tcp', port: 9000 },
        { name: 'tls', port: 9443 },
      ],
      { selector: { istio: 'ingressgateway' } },
    ),
    service('a', 'apps', [{ name: 'http', port: 80 }]),
    service('b', 'apps', [
      { name: 'http', port: 80 },
      { name: 'grpc', port: 81 },
    ]),
    service('http-authz', 'sys', [{ name: 'http', port: 9000 }]),
    service('grpc-authz', 'sys', [{ name: 'grpc', port: 9000 }]),
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'b', namespace: 'apps' },
      spec: { host: 'b', subsets: [{ name: 'v1', labels: { v: '1' } }] },
    },
    { ...secret, stringData: { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': authority } },
  ]
}

export const meshConfig = fc
  .record({
    normalization: one('DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'),
    hops: one(0, 0, 0, 1, 2),
    aliases: one([], ['old.domain']),
    failOpen: fc.boolean(),
    prefix: one(undefined, '/check'),
    status: one(undefined, '503'),
    body: one(undefined, { maxRequestBytes: 8, allowPartialMessage: true }, { maxRequestBytes: 8 }),
    included: one(['x-authz'], ['x-authz', 'authorization', 'x-t*'], ['x-authz', 'cookie']),
    upstream: one(['x-auth-*', 'authorization'], ['kubeflow-userid', '*-suffix'], []),
    deny: one([], ['x-auth-reason', 'location', 'set-cookie']),
  })
  .map((m) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: {
      mesh: JSON.stringify({
        pathNormalization: { normalization: m.normalization },
        trustDomainAliases: m.aliases,
        defaultConfig: { gatewayTopology: { numTrustedProxies: m.hops } },
        extensionProviders: [
          {
            name: 'http-authz',
            envoyExtAuthzHttp: {
              service: 'http-authz.sys.svc.cluster.local',
              port: 9000,
              failOpen: m.failOpen,
              pathPrefix: m.prefix,
              statusOnError: m.status,
              includeRequestBodyInCheck: m.body,
              includeRequestHeadersInCheck: m.included,
              includeAdditionalHeadersInCheck: { 'x-added': '%REQ(:path)%' },
              headersToUpstreamOnAllow: m.upstream,
              headersToDownstreamOnDeny: m.deny,
              headersToDownstreamOnAllow: ['set-cookie'],
            },
          },
          {
            name: 'grpc-authz',
            envoyExtAuthzGrpc: {
              service: 'grpc-authz.sys.svc.cluster.local',
              port: 9000,
              failOpen: m.failOpen,
              statusOnError: m.status,
              includeRequestBodyInCheck: m.body,
            },
          },
        ],
      }),
    },
  }))

const serverHosts = one(
  ['*'],
  ['app.test', '*.wild.test'],
  ['apps/*'],
  ['app.test'],
  ['*.wild.test', 'api.test'],
)

const gateways = fc
  .record({
    plain: serverHosts,
    redirects: one(false, false, false, true),
    secure: serverHosts,
    mode: one('SIMPLE', 'SIMPLE', 'MUTUAL', 'MUTUAL', 'OPTIONAL_MUTUAL'),
    second: fc.option(serverHosts, { nil: undefined }),
    bytes: one(undefined, 'TCP', 'TLS'),
  })
  .map(({ plain, redirects, secure, mode, second, bytes }) => {
    const gateway = (name: string, servers: readonly object[]) => ({
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name, namespace: 'istio-system' },
      spec: { selector: { istio: 'ingressgateway' }, servers },
    })
    const http = (hosts: readonly string[], redirect: boolean) => ({
      port: { number: 80, name: 'http', protocol: 'HTTP' },
      hosts,
      ...(redirect && { tls: { httpsRedirect: true } }),
    })
    const https = {
      port: { number: 443, name: 'https', protocol: 'HTTPS' },
      hosts: secure,
      tls: { mode, credentialName: 'tls' },
    }
    /** Their bytes go on unread. */
    const raw = {
      port: { number: bytes === 'TLS' ? 9443 : 9000, name: 'raw', protocol: bytes },
      hosts: ['*'],
      ...(bytes === 'TLS' && { tls: { mode, credentialName: 'tls' } }),
    }
    return [
      gateway('gw', [http(plain, redirects), https, ...(bytes ? [raw] : [])]),
      ...(second ? [gateway('gw2', [http(second, false)])] : []),
    ]
  })

/** So that most requests that pass the policies arrive somewhere. */
const everythingElse = ['*', 'app.test', 'api.test', '*.wild.test', 'x.wild.test'].map((host, index) => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: `z-rest${index}`, namespace: 'apps' },
  spec: {
    hosts: [host],
    gateways: ['istio-system/gw', 'istio-system/gw2'],
    http: [{ route: [{ destination: { host: 'a' } }] }],
  },
}))

const bytesOn: object = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'raw', namespace: 'apps' },
  spec: {
    hosts: ['*'],
    gateways: ['istio-system/gw'],
    tcp: [
      { match: [{ port: 9443 }], route: [{ destination: { host: 'a', port: { number: 80 } } }] },
      { route: [{ destination: { host: 'b', port: { number: 80 } } }] },
    ],
  },
}

/** What the admission webhook of a cluster lets in. */
export function admitted(objects: readonly string[]): readonly string[] {
  const { problems } = parseMesh(objects.map((text, index) => ({ file: String(index), text })))
  const refused = new Set(problems.filter(({ severity }) => severity === 'error').map(({ at }) => at.file))
  return objects.filter((_, index) => !refused.has(String(index)))
}

const mesh = (material: Material) =>
  fc
    .record({
      config: meshConfig,
      gateways,
      services: fc.array(virtualService, { minLength: 1, maxLength: 3 }),
      policies: fc.array(authorizationPolicy, { maxLength: 4 }),
      tokens: fc.array(requestAuthentication, { maxLength: 2 }),
      catchAll: one(true, true, false),
      filters: envoyFilters,
      webhook: one(true, true, true, true, true, false),
    })
    .map(({ config, gateways: doors, services, policies, tokens, filters, catchAll, webhook }) => {
      const objects = [
        ...surroundings(material),
        config,
        ...doors,
        ...services.map((make, index) => make(index)),
        ...(catchAll ? everythingElse : []),
        bytesOn,
        ...filters,
        ...policies.map((make, index) => make(index)),
        ...tokens.map((make, index) => make(index)),
      ].map((object) => JSON.stringify(object))
      return (webhook ? admitted(objects) : objects).join('\n---\n')
    })

/** The same policies before routes of the Gateway API. */
const apiMesh = (material: Material) =>
  fc
    .record({
      config: meshConfig,
      api: gatewayApi,
      policies: fc.array(authorizationPolicy, { maxLength: 3 }),
      targeted: fc.boolean(),
      tokens: fc.array(requestAuthentication, { maxLength: 1 }),
    })
    .map(({ config, api, policies, targeted, tokens }) => {
      const objects = [
        ...surroundings(material),
        config,
        ...api,
        ...policies.map((make, index) => attached(make(index), targeted)),
        ...tokens.map((make, index) => make(index)),
      ].map((object) => JSON.stringify(object))
      return admitted(objects).join('\n---\n')
    })

/** To the Gateway by its name, or as it was drawn. */
function attached<T extends { readonly metadata: object; readonly spec: object }>(
  policy: T,
  targeted: boolean,
) {
  if (!targeted) return policy
  const { selector: _, ...rest } = policy.spec as { readonly selector?: unknown }
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'api' }]
  return {
    ...policy,
    metadata: { ...policy.metadata, namespace: 'istio-system' },
    spec: { ...rest, targetRefs },
  }
}

const directive = one(
  'allow',
  'allow',
  'allow204',
  'redirect',
  'deny401',
  'limit',
  'error',
  'unavailable',
  'drop',
  'allow-append',
  'allow-strip',
  'deny-json',
  'deny-bare',
  'rpc-unavailable',
  'other',
)

interface TokenAt {
  readonly plan: TokenPlan
  readonly place: 'bearer' | 'header' | 'prefixed' | 'param' | 'cookie'
}

const tokenAt: fc.Arbitrary<TokenAt> = fc.record({
  plan: tokenPlan,
  place: one('bearer', 'bearer', 'bearer', 'header', 'prefixed', 'param', 'cookie'),
})

export const gatewayRequest: fc.Arbitrary<CaseRequest> = fc
  .record({
    secure: one(false, false, true),
    raw: one(false, false, false, false, false, true),
    method: methodWord,
    host: fc.tuple(hostWord, one('', '', '', ':8080')).map(([host, port]) => host + port),
    path: pathWord,
    query: one('', '', '?q=1', '?q=two&q=1', '?a=/b'),
    team: fc.option(teamWord, { nil: undefined }),
    twice: one(false, false, false, true),
    token: fc.option(tokenAt, { nil: undefined, freq: 2 }),
    authz: fc.option(directive, { nil: undefined, freq: 4 }),
    forwarded: one(undefined, undefined, undefined, '127.0.0.5', '10.1.1.1, 127.3.3.3'),
    origin: one(undefined, undefined, 'https://o.test', 'https://evil.example'),
    preflight: one(undefined, undefined, 'GET'),
    source: sourceWord,
    certificate: one(undefined, 'c-a', 'c-a', 'c-b', 'c-dns', 'c-evil'),
    insists: one(false, false, true),
    sni: one(undefined, undefined, undefined, 'api.test', ''),
    body: one(undefined, undefined, 'short', 'longer than eight'),
  })
  .map((r) => {
    const headers: [string, string][] = []
    if (r.team !== undefined) headers.push(['x-team', r.team])
    if (r.team !== undefined && r.twice) headers.push(['X-Team', 'red'])
    if (r.authz !== undefined) headers.push(['x-authz', r.authz])
    if (r.forwarded !== undefined) headers.push(['x-forwarded-for', r.forwarded])
    if (r.origin !== undefined) headers.push(['origin', r.origin])
    if (r.preflight !== undefined) headers.push(['access-control-request-method', r.preflight])
    let query: string = r.query
    if (r.token !== undefined) {
      const text = tokenOf(r.token.plan)
      const put: Readonly<Record<TokenAt['place'], () => void>> = {
        bearer: () => headers.push(['authorization', `Bearer ${text}`]),
        header: () => headers.push(['x-token', text]),
        prefixed: () => headers.push(['x-token', `Tok ${text}`]),
        param: () => {
          query += `${query === '' ? '?' : '&'}token=${text}`
        },
        cookie: () => headers.push(['cookie', `a=b; tok=${text}`]),
      }
      put[r.token.place]()
    }
    const withBody = r.body !== undefined && r.method !== 'GET'
    return {
      method: r.method,
      scheme: r.secure ? 'https' : 'http',
      host: r.host,
      port: r.raw ? (r.secure ? 9443 : 9000) : r.secure ? 8443 : 8080,
      path: r.path + query,
      headers: headers as HeaderList,
      sourceIp: r.source,
      ...(withBody && { body: r.body }),
      ...(r.secure && r.certificate && { clientCert: r.certificate, insists: r.insists }),
      ...(r.secure && r.sni !== undefined && { sni: r.sni }),
    } satisfies CaseRequest
  })

export function samples(material: Material, requestsEach: number): fc.Arbitrary<Sample> {
  const many = (each: fc.Arbitrary<CaseRequest>) =>
    fc.array(each, { minLength: requestsEach, maxLength: requestsEach, size: 'max' })
  const toApi = gatewayRequest.map((each) => ({
    ...each,
    port: each.scheme === 'https' ? 443 : 80,
    workload: gatewayApiProxy,
  }))
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ mesh: mesh(material), requests: many(gatewayRequest) }) },
    { weight: 1, arbitrary: fc.record({ mesh: apiMesh(material), requests: many(toApi) }) },
  )
}
