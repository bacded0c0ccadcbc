import { type Clock, Fault, type Problem, renderProblem } from '../../base/index.ts'
import {
  openAuthorizers,
  type RunningGateway,
  startGateway,
  type Upstream,
  type UpstreamTarget,
} from '../../gateway/index.ts'
import { readInputs } from '../read-inputs.ts'
import { soundMesh } from '../up-inputs.ts'
import { decisionLine } from '../up-notes.ts'
import { watchPaths } from '../watch.ts'
import { build } from './build.ts'
import { TlsServers } from './connections.ts'
import { fetchedKeys } from './keys.ts'
import { listenersOf } from './listen.ts'
import type { GatewayReadyLine, ServeGatewayOptions } from './options.ts'
import { Upstreams } from './upstreams.ts'

/** What `serve gateway` needs of the outside. */
export interface ServeGatewayPorts {
  readonly readStdin: () => Promise<string>
  /** One line of talk. */
  readonly say: (line: string) => void
  readonly clock?: Clock
  /** Where a cluster is, before the options are looked at. */
  readonly upstream?: (target: UpstreamTarget) => Upstream | undefined
}

export interface RunningDataPlane {
  readonly ready: GatewayReadyLine
  /** Lets what runs end for so long, then cuts it off. */
  close(drainMs?: number): Promise<void>
}

/** How often keys are asked for again. Milliseconds. */
const refreshMs = 60_000

/**
 * Runs the data plane of one proxy: its listeners, its policies, nothing behind it.
 *
 * @throws Fault for everything a person can mend: unreadable or broken YAML, a workload that is not
 *   there, no Gateway that selects it, a busy port
 */
export async function serveGateway(
  options: ServeGatewayOptions,
  ports: ServeGatewayPorts,
): Promise<RunningDataPlane> {
  const clock = ports.clock ?? Date.now
  const warn = (problem: Problem) => ports.say(`kfdoor: warning: ${renderProblem(problem)}`)
  const read = async () => readInputs(options.files, ports.readStdin, { tls: true, demo: true })
  const mesh = soundMesh(await read(), warn)
  const upstreams = new Upstreams(options)
  const authorizers = openAuthorizers(clock)
  const keys = fetchedKeys(options.jwks, upstreams)
  const servers = new TlsServers(options.ticketKeys)
  await keys.refresh(mesh)
  for (const uri of keys.missing)
    ports.say(`kfdoor: warning: no keys from ${uri}; its issuer's tokens are refused`)

  const context = {
    options,
    upstreams,
    authorizers,
    keys,
    servers,
    ...(ports.upstream && { upstream: ports.upstream }),
  }
  let current = build(mesh, context)
  for (const lack of current.unserved) ports.say(`kfdoor: warning: ${lack}`)
  const specs = listenersOf(current, options)
  for (const line of specs.unheard) ports.say(`kfdoor: warning: ${line}`)
  const gateway = await startGateway({
    listeners: specs.listeners,
    door: current.port,
    hardening: options.hardening,
    trustedHops: mesh.meshConfig.numTrustedProxies,
    clock,
    ...(options.accessLog && { log: (entry) => options.accessLog?.(decisionLine(entry)) }),
  })

  const renew = () => gateway.replace({ door: build(current.mesh, context).port })
  const timer = setInterval(() => {
    void keys.refresh(current.mesh).then((changed) => changed && renew())
  }, refreshMs)
  timer.unref()

  const reload = async () => {
    try {
      const next = soundMesh(await read(), () => {})
      await keys.refresh(next)
      const built = build(next, context)
      const wanted = listenersOf(built, options)
      current = built
      gateway.replace({ door: built.port })
      await gateway.listen(wanted.listeners)
      for (const line of [...built.unserved, ...wanted.unheard]) ports.say(`kfdoor: warning: ${line}`)
      ports.say('kfdoor: the gateway runs with the changed YAML')
    } catch (error) {
      const said = error instanceof Fault ? `${error.number}: ${error.message}` : String(error)
      ports.say(`kfdoor: the change was not taken, the last good door stays: ${said}`)
    }
  }
  const watched = options.files.filter((path) => path !== '-' && !path.startsWith('profile:'))
  const watcher = watchPaths(watched, () => void reload())

  return {
    get ready() {
      return readyLine(gateway)
    },
    async close(drainMs) {
      clearInterval(timer)
      watcher.close()
      await gateway.close(drainMs)
      await authorizers.close()
    },
  }
}

function readyLine(gateway: RunningGateway): GatewayReadyLine {
  return {
    ready: true,
    pid: process.pid,
    listeners: gateway.listeners.map(({ gateway: name, targetPort, address, port, url }) => ({
      gateway: name,
      targetPort,
      address,
      port,
      url,
    })),
  }
}
