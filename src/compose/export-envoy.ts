import { Fault } from '../base/index.ts'
import { boundAt, emitBootstrap, type Json, type Upstream } from '../envoy-config/index.ts'
import { callersAuthority, servedPair } from '../pki/index.ts'
import { compileDoor } from '../policy/index.ts'
import { readInputs } from './read-inputs.ts'
import { fetchedKeys } from './serve-gateway/keys.ts'
import type { ServeGatewayOptions } from './serve-gateway/options.ts'
import { secretsOf } from './serve-gateway/secrets.ts'
import { Upstreams } from './serve-gateway/upstreams.ts'
import { servedProxy } from './serve-gateway/workload.ts'
import { soundMesh } from './up-inputs.ts'

/**
 * One proxy of a mesh as the configuration a stock Envoy runs.
 *
 * @throws Fault where the YAML is unusable, or says something the configuration cannot carry
 */
export async function exportEnvoy(
  options: ServeGatewayOptions,
  ports: { readonly readStdin: () => Promise<string>; readonly say: (line: string) => void },
): Promise<Json> {
  const inputs = await readInputs(options.files, ports.readStdin, { tls: true, demo: true })
  const mesh = soundMesh(inputs, ({ at, message }) =>
    ports.say(`kfdoor: warning: ${at.file}:${at.line}: ${message}`),
  )
  const upstreams = new Upstreams(options)
  const keys = fetchedKeys(options.jwks, upstreams)
  await keys.refresh(mesh)
  for (const uri of keys.missing)
    ports.say(`kfdoor: warning: no keys from ${uri}; its issuer's tokens are refused`)
  const engine = { fetched: keys.text, ...(options.istioVersion && { istioVersion: options.istioVersion }) }
  const { proxy } = servedProxy(compileDoor(mesh, engine), options.workload)
  const secrets = secretsOf(mesh, options.secrets)
  const { meshIdentity: own } = options
  const text = (value: string | undefined) => (value === undefined ? undefined : { text: value })
  const { bootstrap, problems, listeners } = emitBootstrap(mesh, proxy, {
    engine,
    bindings: boundAt(
      new Map(options.listen.map(({ targetPort, address, port }) => [targetPort, { address, port }])),
    ),
    upstream: ({ cluster }) => placeOf(upstreams.url(cluster), upstreams.speaksHttp2(cluster)),
    provider: ({ name }) => placeOf(options.providers[name]),
    tls: {
      certificate(namespace, name) {
        const found = servedPair(secrets.get(namespace, name))
        return found && { chain: { text: found.certPem }, key: { text: found.keyPem } }
      },
      authority(namespace, name) {
        const [separate, same] = [secrets.get(namespace, `${name}-cacert`), secrets.get(namespace, name)]
        return text(callersAuthority(separate, same))
      },
      ...(own && {
        mesh: { chain: { text: own.certPem }, key: { text: own.keyPem }, authority: { text: own.caPem } },
      }),
    },
  })
  const told = problems.map(({ severity, message, at }) => ({
    severity,
    line: at === undefined ? message : `${at.file}:${at.line}: ${message}`,
  }))
  const errors = told.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: errors.map(({ line }) => line) })
  for (const { line } of told) ports.say(`kfdoor: note: ${line}`)
  if (listeners.length === 0) throw new Fault('ERR_NO_GATEWAY', { where: options.files.join(', ') })
  return bootstrap
}

function placeOf(url: string | undefined, http2 = false): Upstream | undefined {
  if (url === undefined) return undefined
  const { protocol, hostname, port } = new URL(url)
  const secure = protocol === 'https:'
  return {
    // Brackets are the URL's own.
    address: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port) || (secure ? 443 : 80),
    ...(http2 && { http2: true }),
    ...(secure && { tls: { serverName: hostname } }),
  }
}
