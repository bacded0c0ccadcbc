/**
 * A door that follows a cluster: what stands in the API server now, as the configuration of a real Envoy, made
 * anew whenever an object that decides has changed. One address stays the same all the while.
 */
import type { IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { type Standing, startWholeDoors, type WholeWriter } from '../../conformance/envoy/whole-door.ts'
import { readTexts } from '../../src/compose/change/read-texts.ts'
import { releaseSignIn } from '../../src/compose/release-answers.ts'
import { type Mesh, type MeshInput, parseMesh } from '../../src/mesh/index.ts'
import { type CheckAnswer, compileDoor, type HeaderList } from '../../src/policy/index.ts'
import { namedProviders } from '../../src/sign-in/index.ts'
import type { Cluster } from './kubernetes.ts'

export interface LiveDoor {
  /** `http://127.0.0.1:PORT`, the ingress gateway's port for plain HTTP. */
  readonly url: string
  /** How often it was made anew. */
  readonly renewals: number
  /** Until it has what stands in the cluster now. @throws what the last renewal threw */
  settled(): Promise<void>
  /** Changes of the cluster reach it no more, until `resume`. */
  pause(): void
  resume(): void
  /** Whoever connects from now on waits until it has what stands in the cluster then. */
  hold(): void
  close(): Promise<void>
}

export interface LiveOptions {
  readonly kubeconfig: string
  /** What each JWKS URI and discovery document serves. */
  readonly fetched: (uri: string) => string | undefined
  readonly writer?: WholeWriter
  /** Told of the objects before the door is made of them; `true` = they were changed, look again. */
  readonly meanwhile?: (mesh: Mesh) => Promise<boolean>
}

type Whole = Awaited<ReturnType<typeof startWholeDoors>>

/** @throws where Envoy does not start, or the cluster cannot be read */
export async function followCluster(cluster: Cluster, options: LiveOptions): Promise<LiveDoor> {
  let current: { readonly whole: Whole; readonly address: string; readonly port: number } | undefined
  let made: string | undefined
  let seen: string | undefined
  let renewals = 0
  let failure: unknown
  let [stopped, paused, held] = [false, false, false]
  const relay = createServer(async (socket) => {
    socket.on('error', () => socket.destroy())
    if (held) await settled().catch(() => socket.destroy())
    const on = connect(current?.port ?? 1, current?.address ?? '127.0.0.1')
    socket.on('close', () => on.destroy())
    on.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.pipe(on).pipe(socket)
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))

  const renew = async (): Promise<void> => {
    const { inputs } = await readTexts(['cluster:admin'], async () => '', {
      env: {},
      kubeconfig: options.kubeconfig,
    })
    const text = JSON.stringify(inputs)
    if (text === made) return
    const standing = standingOf(inputs, options.fetched)
    if (await options.meanwhile?.(standing.mesh)) return renew()
    const whole = await startWholeDoors([standing], {
      answer: answersOf(standing.mesh),
      ...(options.writer && { writer: options.writer }),
    })
    const gateway = standing.door.gateways.find(({ labels }) => labels.istio === 'ingressgateway')
    const [port = 0] = gateway === undefined ? [] : plainPorts(standing, gateway)
    const place = gateway && whole.doors[0]?.at(gateway, port)
    if (place === undefined) throw new Error('the door has no ingress gateway')
    const former = current
    current = { whole, ...place }
    made = text
    renewals++
    await former?.whole.close()
  }
  /** Every write moves it, whatever was written. */
  const revision = async (): Promise<string> =>
    (await cluster.call('GET', '/api/v1/namespaces?limit=1')).body.metadata.resourceVersion
  const turn = async (): Promise<void> => {
    const now = await revision()
    if (now === seen || paused) return
    try {
      await renew()
      seen = now
      failure = undefined
    } catch (error) {
      failure = error
    }
  }
  const settled = async (): Promise<void> => {
    const wanted = Number(await revision())
    while (Number(seen) < wanted) {
      if (failure !== undefined) throw failure
      await new Promise((again) => setTimeout(again, 50))
    }
  }
  await renew()
  seen = await revision()
  const following = (async () => {
    while (!stopped) {
      await turn()
      // One place that moves with every write of every kind has no watch.
      await new Promise((again) => setTimeout(again, 200))
    }
  })()
  return {
    url: `http://127.0.0.1:${(relay.address() as AddressInfo).port}`,
    get renewals() {
      return renewals
    },
    settled,
    hold() {
      held = true
    },
    pause() {
      paused = true
    },
    resume() {
      paused = false
    },
    async close() {
      stopped = true
      await following
      relay.close()
      await current?.whole.close()
    },
  }
}

function standingOf(inputs: readonly MeshInput[], fetched: LiveOptions['fetched']): Standing {
  const { mesh } = parseMesh(inputs)
  const engine = { fetched }
  return {
    mesh,
    engine,
    door: compileDoor(mesh, engine),
    yaml: inputs.map(({ text }) => text).join('\n---\n'),
  }
}

function plainPorts({ door }: Standing, gateway: Parameters<typeof door.listeners>[0]): readonly number[] {
  return door
    .listeners(gateway)
    .listeners.flatMap(({ port, chains }) => (chains.some(({ tls }) => !tls) ? [port] : []))
}

/** As the release's own auth service answers who has no session. */
function answersOf(mesh: Mesh): (request: IncomingMessage) => CheckAnswer {
  const signIn = releaseSignIn(mesh)
  const [asked] = namedProviders(mesh)
  const usual: CheckAnswer = { status: 302, headers: [['location', '/dex/auth']] }
  return ({ method = 'GET', url = '/', headers, rawHeaders }) => {
    const list: HeaderList = rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] ?? ''] as const] : [],
    )
    const check = {
      provider: asked?.provider ?? '',
      service: '',
      method,
      path: url,
      host: headers.host ?? '',
      headers: list,
      protocol: 'http' as const,
      timeoutMs: 0,
    }
    return signIn?.answer(check, usual, true) ?? usual
  }
}
