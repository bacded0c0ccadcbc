import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkAnswer, type Figures, loadAll } from '../http/round.ts'
import {
  type Server,
  startEnvoy,
  startHaproxy,
  startNginxProxy,
  startNodePeer,
  startUpstream,
} from '../http/servers.ts'
import { atLeast, atMost, type Goal, judge, type Result } from '../kit/result.ts'
import type { Effort, Report } from '../part.ts'
import { sessionCookie, startBenchDoor } from './door.ts'

const method: readonly string[] = [
  'One server at a time, pinned to one core with one worker; wrk (32 connections kept alive, 2 s a run) and the upstream (nginx, 250 bytes of JSON) on the other core; everything on loopback. Five interleaved rounds after 30 000 requests (or twenty seconds) that do not count; compared are medians. Any answer that is not 200 ends the run.',
  '`kfdoor` is `kfdoor up` with the 26.03 door: oauth2-proxy’s face asked for a session on every request, the ID token it hands on verified, 1 000 policies at the gateway, identity headers set and the client’s dropped. Its figures and log stay as they are for users. Nobody else checks anything, but for `envoy + ext_authz + node check`: one look into a Map, in a `node:http` server on Envoy’s core.',
  'CPU is user and system time of the server’s processes per request: it is what one core’s capacity follows from, and steadier than throughput where a machine has other things to do.',
]

export async function benchGateway(effort: Effort, say: (text: string) => void): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-bench-'))
  const stops: (() => Promise<void>)[] = []
  const keep = <T extends Server>(server: T): T => {
    for (const each of [server.process, ...(server.beside ?? [])]) stops.unshift(() => each.stop())
    return server
  }
  try {
    const upstream = await startUpstream(folder)
    stops.unshift(() => upstream.process.stop())
    const { port } = upstream
    const door = await startBenchDoor(folder, port, { rules: effort === 'full' ? 1000 : 10, tls: false })
    stops.unshift(() => door.stop())
    const url = `${door.httpUrl}/bench/data`
    const cookie = sessionCookie(door)
    const kfdoor = {
      name: 'kfdoor',
      url,
      headers: { cookie },
      process: { ...door, ...door.process, output: () => '', gone: Promise.resolve() },
    }
    await checkRefusals(url)
    const servers: Server[] = [kfdoor, keep(await startNginxProxy(folder, port))]
    if (effort === 'full') {
      const check = await startNodePeer('node check')
      const chain = await startEnvoy(folder, port, { authz: check.port })
      servers.push(
        keep(await startEnvoy(folder, port)),
        keep({ ...chain, headers: { cookie: 'session=bench-session' }, beside: [check.process] }),
        keep(await startHaproxy(folder, port)),
        keep(await startNodePeer('http-proxy-3', port)),
        keep(await startNodePeer('httpxy', port)),
        keep(await startNodePeer('fastify http-proxy', port)),
      )
    }
    for (const server of servers) await checkAnswer(server)
    say(`measuring ${servers.map(({ name }) => name).join(', ')}`)
    const rounds = effort === 'full' ? { rounds: 5, seconds: 2 } : { rounds: 1, seconds: 1, warmRequests: 1 }
    const figures = await loadAll(servers, { ...rounds, connections: 32 })
    return { method, results: judged(figures) }
  } finally {
    for (const stop of stops) await stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A door that lets everybody in is quick. */
async function checkRefusals(url: string): Promise<void> {
  for (const headers of [
    {},
    { cookie: '_oauth2_proxy=made-up' },
    { 'kubeflow-userid': 'admin@example.com' },
  ]) {
    const { status } = await fetch(url, { headers: Object.entries(headers), redirect: 'manual' })
    if (status === 200) throw new Error(`the door lets ${JSON.stringify(headers)} in`)
  }
}

function judged(figures: ReadonlyMap<string, Figures>): readonly Result[] {
  const results: Result[] = []
  const ours = figures.get('kfdoor') as Figures
  for (const [name, { perSecond, cpu, p50Ms, p99Ms }] of figures) {
    const { median: value, min, max } = perSecond
    const note = `p50 ${p50Ms.median} ms, p99 ${p99Ms.median} ms`
    results.push({ name, value, unit: 'requests/s', min, max, note })
    results.push({ name: `${name}, CPU`, value: cpu.median, unit: 'µs/request', min: cpu.min, max: cpu.max })
  }
  const compare = (peer: string, goal: Goal, by: (of: Figures) => number, what: string) => {
    const theirs = figures.get(peer)
    if (!theirs) return
    const ratio = by(ours) / by(theirs)
    results.push({
      name: what,
      value: by(ours),
      unit: what === 'CPU per request' ? 'µs' : 'requests/s',
      peer,
      ratio,
      ...judge(goal, ratio),
    })
  }
  const throughput = ({ perSecond }: Figures) => perSecond.median
  compare('envoy', atLeast(0.6), throughput, 'throughput')
  compare('http-proxy-3', atLeast(1.7), throughput, 'throughput')
  compare('fastify http-proxy', atLeast(1.7), throughput, 'throughput')
  compare('envoy + ext_authz + node check', atMost(0.5), ({ cpu }) => cpu.median, 'CPU per request')
  return results
}
