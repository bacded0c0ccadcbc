/**
 * The embedded gateway before recorded cases: each configuration is served on real sockets, with the
 * world of the recordings behind it, and asked with the recorded bytes.
 */
import { type RunningDataPlane, serveGateway } from '../../src/compose/serve-gateway/index.ts'
import type { Upstream, UpstreamTarget } from '../../src/gateway/index.ts'
import { proxyOf } from '../../src/policy/index.ts'
import type { Recorded } from '../compare.ts'
import { type Answered, dial, dialOf, requestText, type Unanswered } from '../world/client.ts'
import type { CheckSeen, Seen, World } from '../world/world.ts'

/** The Istio the recordings were made with; it decides which old names an EnvoyFilter may use. */
const recordedIstio = '1.31.0'
/** Where the recordings' pods were. */
const podAddress = '10.20.0.1'

export interface GatewayOutcome {
  readonly answer: Answered | Unanswered
  readonly seen: readonly Seen[]
  readonly checks: readonly CheckSeen[]
}

export interface Surroundings {
  readonly world: World
  /** A file of `certs/`. */
  readonly file: (name: string) => string | undefined
  readonly jwks: Readonly<Record<string, unknown>>
  /** Clusters whose workloads are spoken to over HTTP/2; undefined = none. */
  readonly http2?: (cluster: string) => boolean
}

/** Serves one configuration to its cases, in order; they share what is open. */
export class GatewayContestant {
  readonly #yaml: string
  readonly #around: Surroundings
  readonly #cases: readonly Recorded[]
  readonly #running = new Map<string, Promise<RunningDataPlane>>()
  readonly #places = new Map<string, Upstream>()

  constructor(yaml: string, cases: readonly Recorded[], around: Surroundings) {
    this.#yaml = yaml
    this.#cases = cases
    this.#around = around
  }

  async decide(recorded: Recorded): Promise<GatewayOutcome> {
    const { world, file } = this.#around
    const { request } = recorded
    const running = await this.#serve(recorded)
    const isSidecar = request.workload !== undefined && request.workload.kind === undefined
    const listener = running.ready.listeners.find(
      ({ targetPort }) => isSidecar || targetPort === request.port,
    )
    if (!listener) return { answer: { error: 'connect: refused' }, seen: [], checks: [] }
    const { sourceIp = '127.0.0.1' } = request
    const connection = await dial({
      ...dialOf(request, listener.port, file),
      ...(isSidecar && { preamble: `PROXY TCP4 ${sourceIp} ${podAddress} 40000 ${request.port}\r\n` }),
    })
    if (!('ask' in connection)) return { answer: connection, ...world.take() }
    const answer = await connection.ask(requestText(request), request.method)
    connection.close()
    const { expect } = recorded
    // What is copied to another workload may come after the answer.
    const mirrors = (expect.mirrors as readonly unknown[] | undefined)?.length ?? 0
    if (mirrors > 0) await world.until((expect.upstreamAttempts ?? 1) + mirrors)
    return { answer, ...world.take() }
  }

  async close(): Promise<void> {
    for (const running of this.#running.values()) {
      // One that could not start has nothing to close.
      const started = await running.catch(() => undefined)
      await started?.close(0)
    }
  }

  #serve({ request }: Recorded): Promise<RunningDataPlane> {
    const proxy = proxyOf(request)
    const key = JSON.stringify(proxy ?? null)
    let running = this.#running.get(key)
    if (!running) {
      const asked = this.#cases.filter((each) => JSON.stringify(proxyOf(each.request) ?? null) === key)
      running = this.#start(asked)
      this.#running.set(key, running)
    }
    return running
  }

  async #start(cases: readonly Recorded[]): Promise<RunningDataPlane> {
    const { file, jwks } = this.#around
    await this.#findPlaces(cases)
    const proxy = cases[0] && proxyOf(cases[0].request)
    const isSidecar = proxy?.kind === 'sidecar'
    const ports = [...new Set(cases.map(({ request }) => request.port))]
    const [certPem, keyPem, caPem] = ['mesh-workload.pem', 'mesh-workload.key', 'mesh-ca.pem'].map(file)
    return serveGateway(
      {
        files: ['-'],
        listen: (isSidecar ? ports.slice(0, 1) : ports).map((targetPort) => ({
          targetPort,
          address: '127.0.0.1',
          port: 0,
        })),
        upstreams: await this.#authorizers(cases),
        providers: {},
        secrets: {},
        jwks,
        hardening: 'istio-parity',
        istioVersion: recordedIstio,
        proxyProtocol: isSidecar,
        ...(proxy && { workload: { kind: 'proxy', proxy } }),
        ...(certPem && keyPem && caPem && { meshIdentity: { certPem, keyPem, caPem } }),
      },
      {
        readStdin: async () => this.#yaml,
        say: () => {},
        upstream: ({ upstream }: UpstreamTarget) => this.#places.get(upstream),
      },
    )
  }

  /** A workload for every cluster some case reached. */
  async #findPlaces(cases: readonly Recorded[]): Promise<void> {
    const clusters = new Set<string>()
    for (const { expect } of cases) {
      if (expect.upstream !== undefined) clusters.add(expect.upstream)
      for (const { service } of (expect.mirrors ?? []) as { service: string }[]) clusters.add(service)
    }
    for (const cluster of clusters) {
      if (this.#places.has(cluster)) continue
      const port = await this.#around.world.echo(cluster)
      this.#places.set(cluster, {
        kind: 'origin',
        url: `http://127.0.0.1:${port}`,
        ...(this.#around.http2?.(cluster) && { h2: true }),
      })
    }
  }

  async #authorizers(cases: readonly Recorded[]): Promise<{ host: string; url: string }[]> {
    const { world } = this.#around
    const kinds = new Map<string, 'http' | 'grpc'>()
    for (const { expect } of cases) {
      for (const { service, grpc } of expect.checks ?? [])
        kinds.set(service as string, grpc ? 'grpc' : 'http')
    }
    return Promise.all(
      [...kinds].map(async ([host, kind]) => {
        const port = await (kind === 'grpc' ? world.grpcAuthorizer(host) : world.authorizer(host))
        return { host, url: `http://127.0.0.1:${port}` }
      }),
    )
  }
}
