/** Filters somebody changed by hand, and what is asked for: each is said again, kept, or refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { aWorld, refusal, type TestWorld } from '../../e2e/change/intent-world.ts'
import { createOf, deleteOf, type EditableObject, updateOf } from './changes.ts'
import { type AuthnFilterAsk, migrateAuthnFilter } from './migrate-authn-filter.ts'
import { findRaw, type RawObject } from './raw-door.ts'

const release = aWorld(['profiles/v1.8/release'])
const rawOf = (world: TestWorld, kind: string, place: string): RawObject => {
  const [namespace = '', name = ''] = place.split('/')
  const raw = findRaw(world.door, { kind, namespace, name })
  assert.ok(raw, `${kind} ${place}`)
  return raw
}
const edited = (kind: string, place: string, edit: (copy: EditableObject) => void, world = release) =>
  world.after([updateOf(rawOf(world, kind, place), edit, 'neutral', 'by hand')])
const filter = rawOf(release, 'EnvoyFilter', 'istio-system/authn-filter')
const patched = (edit: (config: EditableObject, whole: EditableObject) => void) =>
  edited('EnvoyFilter', 'istio-system/authn-filter', (copy) =>
    edit(copy.spec.configPatches[0].patch.value.typed_config, copy),
  )
/** The same filter once more, or somewhere else. */
const another = (namespace: string, name: string) =>
  createOf({ ...filter.object, metadata: { namespace, name } }, 'neutral', 'by hand')
const others = (...patches: readonly EditableObject[]) =>
  patched((_, { spec }) => {
    const [{ match }] = spec.configPatches
    spec.configPatches.push(...patches.map((patch) => ({ match, ...patch })))
  })
const lua = {
  applyTo: 'HTTP_FILTER',
  patch: {
    operation: 'INSERT_BEFORE',
    value: {
      name: 'envoy.filters.http.lua',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
        inlineCode: 'function envoy_on_request(handle)\n  handle:headers():remove("x-a")\nend\n',
      },
    },
  },
}
const camel = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(camel)
  if (typeof value !== 'object' || value === null) return value
  const inCamel = (key: string) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [inCamel(key), camel(each)]))
}

const byPaths = { paths: ['/v1/*'] }
const made = (world: TestWorld, ask: AuthnFilterAsk = byPaths) =>
  migrateAuthnFilter(world, ask.hosts === undefined ? 'paths' : 'hosts', ask)
const changeOf = (world: TestWorld, kind: string, ask?: AuthnFilterAsk) => {
  const change = made(world, ask).changes.find(({ object }) => object.kind === kind)
  assert.ok(change)
  return change
}
const specOf = (world: TestWorld, kind: string, ask?: AuthnFilterAsk) => {
  const change = changeOf(world, kind, ask)
  assert.ok(change.op !== 'delete')
  return change.after.spec as EditableObject
}

const usual = {
  service: 'authservice.istio-system.svc.cluster.local',
  port: 8080,
  timeout: '10s',
  includeRequestHeadersInCheck: ['authorization', 'cookie', 'x-auth-token'],
  headersToUpstreamOnAllow: ['kubeflow-userid'],
}
const said: readonly (readonly [
  what: string,
  world: TestWorld,
  provider: Readonly<Record<string, unknown>>,
])[] = [
  ['the release’s', release, { envoyExtAuthzHttp: usual }],
  [
    'every setting a provider has',
    patched((config) => {
      config.status_on_error = { code: 'ServiceUnavailable' }
      config.failure_mode_allow = true
      config.with_request_body = { max_request_bytes: 100, allow_partial_message: true }
      config.http_service.path_prefix = '/check'
      config.http_service.authorization_request.headers_to_add = [{ key: 'X-Tenant', value: 'kf' }]
      Object.assign(config.http_service.authorization_response, {
        allowed_upstream_headers: { patterns: [{ prefix: 'kubeflow-' }, { suffix: '-id' }] },
        allowed_client_headers: { patterns: [{ exact: 'Set-Cookie', ignore_case: true }] },
        allowed_client_headers_on_success: { patterns: [{ exact: 'set-cookie' }, { exact: 'X-Never' }] },
      })
    }),
    {
      envoyExtAuthzHttp: {
        ...usual,
        failOpen: true,
        statusOnError: '503',
        includeRequestBodyInCheck: { maxRequestBytes: 100, allowPartialMessage: true },
        pathPrefix: '/check',
        includeAdditionalHeadersInCheck: { 'x-tenant': 'kf' },
        headersToUpstreamOnAllow: ['kubeflow-*', '*-id'],
        headersToDownstreamOnDeny: ['set-cookie'],
        headersToDownstreamOnAllow: ['set-cookie'],
      },
    },
  ],
  [
    'request headers where newer Envoys have them',
    patched((config) => {
      config.allowed_headers = { patterns: [{ exact: 'cookie' }] }
    }),
    { envoyExtAuthzHttp: { ...usual, includeRequestHeadersInCheck: ['cookie'] } },
  ],
  [
    'in camel case, under another name',
    patched((_, { spec }) => {
      const [{ patch }] = spec.configPatches
      patch.value = { ...(camel(patch.value) as object), name: 'kubeflow-authn' }
    }),
    { envoyExtAuthzHttp: usual },
  ],
  [
    'over gRPC',
    patched((config) => {
      delete config.http_service
      config.grpc_service = {
        envoy_grpc: { cluster_name: 'outbound|8081||authz.kubeflow.svc.cluster.local' },
        timeout: '0.5s',
      }
    }),
    { envoyExtAuthzGrpc: { service: 'authz.kubeflow.svc.cluster.local', port: 8081, timeout: '0.5s' } },
  ],
]
for (const [what, world, provider] of said) {
  test(`said again as a provider: ${what}`, () => {
    const change = changeOf(world, 'ConfigMap')
    assert.ok(change.op === 'update')
    const { mesh } = change.after.data as { readonly mesh: string }
    assert.deepEqual(parse(mesh).extensionProviders, [{ name: 'dex-auth-provider', ...provider }])
  })
}

const refused: readonly (readonly [what: string, call: () => unknown, words: RegExp])[] = [
  [
    'the route is chosen anew',
    () =>
      made(
        patched((config) => {
          config.clear_route_cache = true
        }),
      ),
    /chooses the route anew after the check, which a provider of the mesh cannot say/,
  ],
  [
    'switched on for a part of the requests',
    () =>
      made(
        patched((config) => {
          config.filter_enabled = { default_value: { numerator: 50 } }
        }),
      ),
    /in a way that is not understood/,
  ],
  [
    'headers added to those there are',
    () =>
      made(
        patched(({ http_service }) => {
          http_service.authorization_response.allowed_upstream_headers_to_append = {
            patterns: [{ exact: 'a' }],
          }
        }),
      ),
    /adds headers to those the request has/,
  ],
  [
    'an address and no Service',
    () =>
      made(
        patched((config) => {
          config.http_service.server_uri.cluster = 'authservice'
        }),
      ),
    /asks cluster `authservice`/,
  ],
  [
    'of two filters one alone',
    () => made(release.after([another('istio-system', 'authn-filter-2')])),
    /2 patches ask an auth service.*`istio-system\/authn-filter`, `istio-system\/authn-filter-2`/s,
  ],
  [
    'in another namespace, where it asks nobody',
    () => made(release.after([deleteOf(filter, 'opens', ''), another('kubeflow', 'authn-filter')])),
    /no EnvoyFilter before the door’s pods asks/,
  ],
  [
    'a local gateway whose own pods are asked too',
    () =>
      migrateAuthnFilter(
        patched((_, { spec }) => {
          delete spec.workloadSelector
        }),
        'split-gateway',
        {},
      ),
    /asks at istio-system\/cluster-local-gateway too.*workloadSelector/s,
  ],
  ...[
    'http://kubeflow.example.com',
    '*',
    '*.example.com',
    'kubeflow.example.com:8443',
    'a b',
    '',
    '[::1]',
  ].map(
    (host) =>
      [
        `--host ${host}`,
        () => made(release, { hosts: [host] }),
        /ERR_USAGE.*is not the name of one host/,
      ] as const,
  ),
  ...['*', '/*', '/**'].map(
    (path) => [`--path ${path}`, () => made(release, { paths: [path] }), /ERR_USAGE.*is every path/] as const,
  ),
  ...['', 'v1', '*v1', '/v1/**', '/v1/*/x', '/v1/{*}', '/v1?a', '/v1#a', '/v 1', 'http://x/v1/*'].map(
    (path) =>
      [
        `--path ${path}`,
        () => made(release, { paths: [path] }),
        /ERR_USAGE.*is not understood by Istio/,
      ] as const,
  ),
  ...['', 'dex_auth', 'Dex', 'a.b'].map(
    (provider) =>
      [
        `--provider ${provider}`,
        () => made(release, { ...byPaths, provider }),
        /ERR_USAGE.*no name Istio takes/,
      ] as const,
  ),
]
for (const [what, call, words] of refused) {
  test(`refused: ${what}`, () => {
    assert.match(refusal(call), words)
  })
}

test('whatever else the filter patches stays', () => {
  const { configPatches } = specOf(others(lua), 'EnvoyFilter')
  assert.deepEqual(
    (configPatches as readonly EditableObject[]).map(({ patch }) => patch),
    [lua.patch],
  )
})

test('a filter without a selector becomes a policy with the Gateway’s, and what it leaves open is said', () => {
  const world = patched((_, { spec }) => {
    delete spec.workloadSelector
  })
  assert.deepEqual(specOf(world, 'AuthorizationPolicy').selector, {
    matchLabels: { istio: 'ingressgateway' },
  })
  assert.match(made(world).risks.join('\n'), /it asked at istio-system\/cluster-local-gateway too/)
  assert.doesNotMatch(made(release).risks.join('\n'), /it asked at/)
})

test('every istiod’s configuration is told of the provider', () => {
  const revision = (name: string, mesh: string) =>
    createOf(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'istio-system', name }, data: { mesh } },
      'neutral',
      'by hand',
    )
  const { changes } = made(release.after([revision('istio-1-28', 'rootNamespace: istio-system\n')]))
  assert.deepEqual(
    changes
      .filter(({ object }) => object.kind === 'ConfigMap')
      .map(({ object }) => object.name)
      .sort(),
    ['istio', 'istio-1-28'],
  )
  // The one there is may be of a revision, and hold nothing.
  const only = release.after([
    deleteOf(rawOf(release, 'ConfigMap', 'istio-system/istio'), 'neutral', ''),
    revision('istio-1-28', ''),
  ])
  assert.equal(changeOf(only, 'ConfigMap').object.name, 'istio-1-28')
})

test('an IstioOperator would take the provider away again, which is said', () => {
  const by = (owner: string) =>
    edited('ConfigMap', 'istio-system/istio', ({ metadata }) => {
      metadata.labels = { 'install.operator.istio.io/owning-resource': owner }
    })
  assert.match(made(by('installed-state')).risks.join('\n'), /IstioOperator `installed-state`/)
  assert.doesNotMatch(made(by('unknown')).risks.join('\n'), /IstioOperator/)
})

test('hosts a Gateway keeps are said to ask nobody', () => {
  const gateway = (hosts: readonly string[]) =>
    edited('Gateway', 'kubeflow/kubeflow-gateway', ({ spec }) => {
      for (const server of spec.servers) server.hosts = hosts
    })
  const ask = { hosts: ['KubeFlow.example.com'] }
  const rows: readonly (readonly [readonly string[], readonly string[] | undefined, RegExp])[] = [
    [['*'], ['kubeflow.example.com'], /another one leads nowhere/],
    [['./*'], ['./kubeflow.example.com'], /another one leads nowhere/],
    [
      ['kubeflow/*', '*.models.test'],
      ['kubeflow/kubeflow.example.com', '*.models.test'],
      /serves `\*\.models\.test` too/,
    ],
    [['kubeflow.example.com', 'models.test'], undefined, /serves `models\.test` too, where nobody is asked/],
  ]
  for (const [hosts, want, words] of rows) {
    const intended = made(gateway(hosts), ask)
    const change = intended.changes.find(({ object }) => object.kind === 'Gateway')
    assert.deepEqual(
      change?.op === 'update' ? (change.after.spec as EditableObject).servers[0].hosts : undefined,
      want,
    )
    assert.match(intended.risks.join('\n'), words)
  }
})
