/** The upstream, and the proxies ours is compared with: each on one core, with one worker. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { debian } from '../../e2e/parts/debian.ts'
import { ensureEnvoy } from '../../e2e/parts/envoy.ts'
import { freePort } from '../../e2e/parts/process.ts'
import { npmPeers } from '../kit/npm.ts'
import { loadCore, type Pinned, serverCore, startPinned } from './pinned.ts'

/** What the upstream answers: 250 bytes of JSON. */
export const upstreamBody = `{"items":"${'x'.repeat(238)}"}`

export interface Server {
  readonly name: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** See `Load`. */
  readonly tokens?: string
  readonly process: Pinned
  /** Processes beside it that count as it: an authorizer on the same core. */
  readonly beside?: readonly Pinned[]
}

/** A certificate and its key as PEM files, for servers that speak TLS. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export const listening = (port: number) => () =>
  new Promise<boolean>((answer) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => answer(true)).once('error', () => answer(false))
    socket.once('close', () => socket.destroy())
    socket.once('connect', () => socket.end())
  })

async function nginx(core: number, folder: string, server: string, port: number): Promise<Pinned> {
  const { root, env } = await debian(['nginx'], 'usr/sbin/nginx', 'unpack')
  mkdirSync(folder, { recursive: true })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder};`,
  )
  const text = `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; ${temporary.join(' ')} ${server} }
`
  writeFileSync(join(folder, 'nginx.conf'), text)
  const args = ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')]
  return startPinned(core, join(root, 'usr/sbin/nginx'), args, { env, ready: listening(port) })
}

/** nginx that answers by itself, beside the load generator. */
export async function startUpstream(
  folder: string,
): Promise<{ readonly port: number; readonly process: Pinned }> {
  const port = await freePort()
  const server = `server { listen 127.0.0.1:${port}; location / { default_type application/json; return 200 '${upstreamBody}'; } }`
  return { port, process: await nginx(loadCore, join(folder, 'upstream'), server, port) }
}

export async function startNginxProxy(folder: string, upstream: number, tls?: KeyPair): Promise<Server> {
  const port = await freePort()
  const listen = tls
    ? `listen 127.0.0.1:${port} ssl; ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key}; ssl_protocols TLSv1.3; ssl_session_cache shared:s:10m;`
    : `listen 127.0.0.1:${port};`
  const server = `upstream up { server 127.0.0.1:${upstream}; keepalive 64; }
server { ${listen} location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; } }`
  const process = await nginx(serverCore, join(folder, `nginx-${port}`), server, port)
  return { name: 'nginx', url: `${tls ? 'https' : 'http'}://localhost:${port}/data`, process }
}

export async function startHaproxy(folder: string, upstream: number, tls?: KeyPair): Promise<Server> {
  const { root, env } = await debian(['haproxy'], 'usr/sbin/haproxy', 'unpack')
  const port = await freePort()
  const file = join(folder, `haproxy-${port}.cfg`)
  if (tls) throw new Error('haproxy is measured without TLS')
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:${port}
  default_backend up
backend up
  http-reuse always
  server u 127.0.0.1:${upstream}
`,
  )
  const process = await startPinned(serverCore, join(root, 'usr/sbin/haproxy'), ['-db', '-f', file], {
    env,
    ready: listening(port),
  })
  return { name: 'haproxy', url: `http://localhost:${port}/data`, process }
}

export interface EnvoyOptions {
  readonly tls?: KeyPair
  /** Port of an authorizer that is asked over HTTP. */
  readonly authz?: number
  /** Port of one that is asked over gRPC. */
  readonly grpc?: number
}

/** Envoy as a plain proxy; with TLS; with an ext_authz filter that asks `authz` over HTTP. */
export async function startEnvoy(
  folder: string,
  upstream: number,
  options: EnvoyOptions = {},
): Promise<Server> {
  const port = await freePort()
  const file = join(folder, `envoy-${port}.json`)
  writeFileSync(file, JSON.stringify(envoyConfig(port, upstream, options)))
  const args = ['-c', file, '--concurrency', '1', '--log-level', 'error', '--disable-hot-restart']
  const process = await startPinned(serverCore, await ensureEnvoy(), args, { ready: listening(port) })
  const name = options.authz === undefined ? 'envoy' : 'envoy + ext_authz + node check'
  return { name, url: `${options.tls ? 'https' : 'http'}://localhost:${port}/data`, process }
}

function envoyConfig(port: number, upstream: number, { tls, authz, grpc }: EnvoyOptions): unknown {
  const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`
  const cluster = (name: string, to: number) => ({
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: to } } } },
          ],
        },
      ],
    },
  })
  const extAuthz = {
    name: 'envoy.filters.http.ext_authz',
    typed_config: {
      '@type': type('filters.http.ext_authz.v3.ExtAuthz'),
      http_service: {
        server_uri: { uri: 'http://authz', cluster: 'authz', timeout: '5s' },
        authorization_request: {
          allowed_headers: { patterns: [{ exact: 'cookie' }, { exact: 'authorization' }] },
        },
        authorization_response: { allowed_upstream_headers: { patterns: [{ prefix: 'x-user' }] } },
      },
    },
  }
  const grpcAuthz = {
    name: 'envoy.filters.http.ext_authz',
    typed_config: {
      '@type': type('filters.http.ext_authz.v3.ExtAuthz'),
      transport_api_version: 'V3',
      grpc_service: { envoy_grpc: { cluster_name: 'grpc' }, timeout: '5s' },
    },
  }
  const http2 = {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  }
  const transport = tls && {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': type('transport_sockets.tls.v3.DownstreamTlsContext'),
        common_tls_context: {
          tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
          alpn_protocols: ['http/1.1'],
          tls_certificates: [
            { certificate_chain: { filename: tls.cert }, private_key: { filename: tls.key } },
          ],
        },
      },
    },
  }
  const manager = {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
      stat_prefix: 'in',
      route_config: {
        virtual_hosts: [
          { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'up' } }] },
        ],
      },
      http_filters: [
        ...(authz === undefined ? [] : [extAuthz]),
        ...(grpc === undefined ? [] : [grpcAuthz]),
        {
          name: 'envoy.filters.http.router',
          typed_config: { '@type': type('filters.http.router.v3.Router') },
        },
      ],
    },
  }
  return {
    static_resources: {
      listeners: [
        {
          name: 'in',
          address: { socket_address: { address: '127.0.0.1', port_value: port } },
          filter_chains: [{ filters: [manager], ...transport }],
        },
      ],
      clusters: [
        cluster('up', upstream),
        ...(authz === undefined ? [] : [cluster('authz', authz)]),
        ...(grpc === undefined ? [] : [{ ...cluster('grpc', grpc), ...http2 }]),
      ],
    },
  }
}

const nodePeers = {
  'http-proxy-3': '2.0.1',
  httpxy: '0.5.6',
  fastify: '5.12.8',
  '@fastify/http-proxy': '11.6.3',
}
type NodePeer = 'http-proxy-3' | 'httpxy' | 'fastify http-proxy' | 'plain Node' | 'node check'

/** A proxy of the npm world (or the smallest authorizer Node can be), on the same Node as ours. */
export async function startNodePeer(
  name: NodePeer,
  upstream = 0,
): Promise<Server & { readonly port: number }> {
  const peers = await npmPeers('proxies', nodePeers)
  const port = await freePort()
  const program = fileURLToPath(new URL('node-peer.mjs', import.meta.url))
  const from = dirname(peers.resolve('fastify/package.json'))
  const args = [program, name, String(port), String(upstream), from]
  const started = await startPinned(serverCore, process.execPath, args, { ready: listening(port) })
  return { name, port, url: `http://localhost:${port}/data`, process: started }
}
