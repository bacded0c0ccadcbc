import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureEnvoy } from '../parts/envoy.ts'
import { freePort, startNeighbour } from '../parts/process.ts'

export interface EnvoyOptions {
  /** How the service is asked. */
  readonly via: 'http' | 'grpc'
  readonly authzHttp: number
  readonly authzGrpc: number
  readonly issuerPort: number
  readonly backendPort: number
  /** `iss` → the JWKS its tokens are verified with, and for whom they have to be made. */
  readonly jwt: Readonly<
    Record<string, { readonly jwks: object; readonly audience: string; readonly claim: string }>
  >
  /** Headers of a request the check over HTTP carries, and of its answer that go on to the upstream. */
  readonly carries?: { readonly asks: readonly string[]; readonly upstream: readonly string[] }
  /** Everything but the issuer is asked about, the service's own paths too. */
  readonly asksAll?: boolean
}

const type = (name: string) => `type.googleapis.com/${name}`
const filter = (name: string, message: string, rest: object) => ({
  name,
  typed_config: { '@type': type(message), ...rest },
})
const exact = (names: readonly string[]) => ({
  patterns: names.map((name) => ({ exact: name, ignore_case: true })),
})

const cluster = (name: string, port: number, http2 = false) => ({
  name,
  type: 'STATIC',
  connect_timeout: '2s',
  load_assignment: {
    cluster_name: name,
    endpoints: [
      {
        lb_endpoints: [
          { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } },
        ],
      },
    ],
  },
  ...(http2 && {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  }),
})

const carried = {
  asks: ['cookie', 'accept', 'sec-fetch-mode', 'x-requested-with', 'traceparent', 'tracestate'],
  upstream: ['authorization', 'kubeflow-userid', 'kubeflow-groups'],
}

/** What `envoyExtAuthzHttp` and `envoyExtAuthzGrpc` become (pilot/pkg/security/authz/builder/extauthz.go). */
const extAuthz = ({ via, carries = carried }: EnvoyOptions) =>
  filter('envoy.filters.http.ext_authz', 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', {
    transport_api_version: 'V3',
    ...(via === 'grpc'
      ? { grpc_service: { envoy_grpc: { cluster_name: 'authz-grpc' }, timeout: '5s' } }
      : {
          http_service: {
            server_uri: { uri: 'http://authz', cluster: 'authz-http', timeout: '5s' },
            authorization_response: {
              allowed_upstream_headers: exact(carries.upstream),
            },
          },
          allowed_headers: exact(carries.asks),
        }),
  })

/** RequestAuthentication, in the place istiod gives it: after CUSTOM, before DENY and ALLOW. */
const jwtAuthn = ({ jwt }: EnvoyOptions) => {
  const issuers = Object.entries(jwt)
  const requires = {
    requires_any: {
      requirements: [...issuers.map((_, at) => ({ provider_name: `p${at}` })), { allow_missing: {} }],
    },
  }
  return filter(
    'envoy.filters.http.jwt_authn',
    'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
    {
      providers: Object.fromEntries(
        issuers.map(([issuer, { jwks, audience, claim }], at) => [
          `p${at}`,
          {
            issuer,
            audiences: [audience],
            local_jwks: { inline_string: JSON.stringify(jwks) },
            forward: true,
            claim_to_headers: [{ header_name: 'x-jwt-user', claim_name: claim }],
          },
        ]),
      ),
      // A path that only the service decides: its issuer changes keys while Envoy's are written down.
      rules: [{ match: { prefix: '/rotating/' } }, { match: { prefix: '/' }, requires }],
    },
  )
}

const unchecked = {
  'envoy.filters.http.ext_authz': {
    '@type': type('envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute'),
    disabled: true,
  },
}

/** A stock Envoy that asks the service before it lets anything through; resolves its port. */
export async function startEnvoy(
  options: EnvoyOptions,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const binary = await ensureEnvoy()
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-envoy-'))
  const port = await freePort()
  const admin = await freePort()
  const route = (prefix: string, to: string, more: object = {}) => ({
    match: { prefix },
    route: { cluster: to },
    ...more,
  })
  const config = {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: admin } } },
    static_resources: {
      clusters: [
        cluster('authz-http', options.authzHttp),
        cluster('authz-grpc', options.authzGrpc, true),
        cluster('issuer', options.issuerPort),
        cluster('backend', options.backendPort),
      ],
      listeners: [
        {
          address: { socket_address: { address: '127.0.0.1', port_value: port } },
          filter_chains: [
            {
              filters: [
                filter(
                  'envoy.filters.network.http_connection_manager',
                  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                  {
                    stat_prefix: 'door',
                    use_remote_address: true,
                    normalize_path: true,
                    path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
                    route_config: {
                      virtual_hosts: [
                        {
                          name: 'door',
                          domains: ['*'],
                          routes: [
                            route('/dex/', 'issuer', { typed_per_filter_config: unchecked }),
                            ...(options.asksAll
                              ? []
                              : [route('/oauth2/', 'authz-http', { typed_per_filter_config: unchecked })]),
                            route('/', 'backend'),
                          ],
                        },
                      ],
                    },
                    http_filters: [
                      extAuthz(options),
                      ...(Object.keys(options.jwt).length > 0 ? [jwtAuthn(options)] : []),
                      filter(
                        'envoy.filters.http.router',
                        'envoy.extensions.filters.http.router.v3.Router',
                        {},
                      ),
                    ],
                  },
                ),
              ],
            },
          ],
        },
      ],
    },
  }
  const file = join(folder, 'envoy.json')
  writeFileSync(file, JSON.stringify(config))
  const neighbour = await startNeighbour(
    binary,
    ['-c', file, '--base-id', String(port), '--concurrency', '1', '--log-level', 'warning'],
    {
      ready: async () => (await fetch(`http://127.0.0.1:${admin}/ready`)).ok,
      within: 30_000,
    },
  )
  return {
    port,
    close: async () => {
      await neighbour.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
