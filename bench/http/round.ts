import type { Contestant, Spread } from '../kit/rounds.ts'
import { interleaved, spreadOf } from '../kit/rounds.ts'
import { type Server, upstreamBody } from './servers.ts'
import { wrk } from './wrk.ts'

/** What one server did over all rounds. */
export interface Figures {
  readonly perSecond: Spread
  /** µs of CPU per request, of the server and what stands beside it. */
  readonly cpu: Spread
  readonly p50Ms: Spread
  readonly p99Ms: Spread
}

export interface Rounds {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  /** Before anything counts; a compiler that works while it runs needs that many. */
  readonly warmRequests?: number
}

/** Each server under the same load, in turns; first whether it answers rightly at all. */
export async function loadAll(
  servers: readonly Server[],
  { rounds, seconds, connections, warmRequests = 30_000 }: Rounds,
): Promise<ReadonlyMap<string, Figures>> {
  const cpu = new Map<string, number[]>()
  const p50 = new Map<string, number[]>()
  const p99 = new Map<string, number[]>()
  const add = (figures: Map<string, number[]>, name: string, figure: number) =>
    figures.set(name, [...(figures.get(name) ?? []), figure])
  const used = ({ process, beside = [] }: Server) =>
    [process, ...beside].reduce((sum, each) => sum + each.cpuMs(), 0)
  for (const server of servers) await warm(server, connections, warmRequests)
  const contestants = servers.map(
    (server): Contestant => ({
      name: server.name,
      round: async () => {
        const before = used(server)
        const { requests, perSecond, p50Ms, p99Ms } = await wrk({ ...server, connections, seconds })
        if (requests === 0) throw new Error(`${server.name} answered nothing in ${seconds} s`)
        add(cpu, server.name, ((used(server) - before) * 1000) / requests)
        add(p50, server.name, p50Ms)
        add(p99, server.name, p99Ms)
        return perSecond
      },
    }),
  )
  const perSecond = await interleaved(contestants, rounds)
  return new Map(
    servers.map(({ name }) => [
      name,
      {
        perSecond: perSecond.get(name) as Spread,
        cpu: spreadOf(cpu.get(name) ?? []),
        p50Ms: spreadOf(p50.get(name) ?? []),
        p99Ms: spreadOf(p99.get(name) ?? []),
      },
    ]),
  )
}

/** Until it has answered so many, for twenty seconds at most. */
async function warm(server: Server, connections: number, requests: number): Promise<void> {
  const until = performance.now() + 20_000
  for (let done = 0; done < requests && performance.now() < until; ) {
    done += (await wrk({ ...server, connections, seconds: 1 })).requests
  }
}

/** @throws where the upstream's own answer does not come back. */
export async function checkAnswer(
  { name, url, headers = {} }: Server,
  fetcher: typeof fetch = fetch,
): Promise<void> {
  const answer = await fetcher(url, { headers })
  const body = await answer.text()
  if (answer.status !== 200 || body !== upstreamBody) {
    throw new Error(`${name} answers ${answer.status}: ${body.slice(0, 200)}`)
  }
}
