/**
 * Doors of a cluster as they really stand: every gateway and sidecar a listener of a real Envoy, a real
 * oauth2-proxy and a real Dex as the release sets them, and one server in the place of the applications.
 */
import { startWholeDoors } from '../../conformance/envoy/whole-door.ts'
import { type Received, type Reply, startDuplexServer } from '../../conformance/world/duplex-server.ts'
import { parseMesh } from '../../src/mesh/index.ts'
import { compileDoor } from '../../src/policy/index.ts'
import { startDex } from '../parts/dex.ts'
import { startOAuth2Proxy } from '../parts/oauth2-proxy.ts'
import { dexConfig, oauth2ProxyConfig, oauth2ProxyEnvironment } from '../peers/real-door.ts'

export interface StandingDoors {
  /** One for each text that was given. */
  readonly urls: readonly string[]
  /** What the applications were asked since the last call. */
  take(): readonly Received[]
  close(): Promise<void>
}

/**
 * @param doors the YAML of each, and what its API server serves as keys
 */
export async function startDoors(
  doors: readonly { readonly yaml: string; readonly clusterKeys: object }[],
): Promise<StandingDoors> {
  const undo: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const one of undo.splice(0).reverse()) await one()
  }
  try {
    const dex = await startDex(dexConfig('/oauth2/callback'))
    undo.push(() => dex.close())
    const proxy = await startOAuth2Proxy(oauth2ProxyConfig(dex.port), oauth2ProxyEnvironment)
    undo.push(() => proxy.close())
    let asked: Received[] = []
    const applications = await startDuplexServer((request) => {
      asked.push(request)
      return answerOf(request)
    })
    undo.push(() => applications.close())
    const dexKeys = await (await fetch(`http://127.0.0.1:${dex.port}/dex/keys`)).text()
    const standing = doors.map(({ yaml, clusterKeys }) => {
      const { mesh } = parseMesh([{ file: 'door.yaml', text: yaml }])
      const engine = {
        fetched: (uri: string) => {
          if (uri.endsWith('/openid/v1/jwks')) return JSON.stringify(clusterKeys)
          const issuer = uri.replace(/\/(\.well-known\/openid-configuration|keys)$/, '')
          if (!issuer.endsWith('/dex')) return undefined
          return uri.endsWith('/keys') ? dexKeys : JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` })
        },
      }
      return { mesh, engine, door: compileDoor(mesh, engine) }
    })
    const running = await startWholeDoors(standing, {
      authorizer: proxy.port,
      workload: ({ name }) =>
        name === 'dex' ? dex.port : name === 'oauth2-proxy' ? proxy.port : applications.port,
    })
    undo.push(() => running.close())
    return {
      urls: standing.map(({ door }, index) => {
        const place = running.doors[index]?.at(door.gateway(), 8080)
        if (place === undefined) throw new Error('the gateway does not listen on 8080')
        return `http://${place.address}:${place.port}`
      }),
      take() {
        const taken = asked
        asked = []
        return taken
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The dashboard, Pipelines, and anything else, for whoever the door says it is. */
function answerOf({ path, headers }: Received): Reply {
  const user = headers.find(([name]) => name === 'kubeflow-userid')?.[1]
  const json = (value: unknown): Reply => ({
    status: 200,
    headers: [['content-type', 'application/json']],
    body: JSON.stringify(value),
  })
  if (/env-info/.test(path)) {
    const namespace = 'kubeflow-user-example-com'
    const namespaces = user === 'user@example.com' ? [{ namespace, role: 'owner', user }] : []
    return json({ user, namespaces, platform: {} })
  }
  if (/healthz/.test(path)) return json({ multi_user: true })
  if (path !== '/') return json({ path, user })
  const page = '<html><title>Kubeflow Central Dashboard</title><main-page></main-page></html>'
  return { status: 200, headers: [['content-type', 'text/html']], body: page }
}
