import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../e2e/parts/process.ts'
import { startRedis } from '../../e2e/parts/redis.ts'
import { type Pinned, serverCore, startPinned } from '../http/pinned.ts'
import { type Figures, loadAll } from '../http/round.ts'
import { listening, type Server, startEnvoy, startUpstream } from '../http/servers.ts'
import { npmPeers } from '../kit/npm.ts'
import { atLeast, atMost, type Goal, judge, type Result } from '../kit/result.ts'
import type { Effort, Report } from '../part.ts'
import { addedLatency } from './latency.ts'
import { startOAuth2Proxy } from './oauth2-proxy.ts'
import { type BenchIssuer, signIn, startAuthz, startIssuer } from './service.ts'

const method: readonly string[] = [
  '`kfdoor serve authz` as its image serves it, with the same options of Node: a log line and figures for every check. It is asked straight over HTTP by wrk (32 connections kept alive), on a core of its own; sessions were made by signing in at an issuer.',
  'Its peers are the least a Node program can do: `node:http` with a Map of sessions; the same with one GET from Redis (ioredis, pipelined by itself); the same with `crypto.verify` of an RS256 token. New tokens are 20 000 that differ, twice as many as are remembered.',
  'oauth2-proxy 7.15.6, built from its source, has its sessions in cookies and its own log in a file; it was signed in to at the same issuer, and answers from `static://200`. It has no goal here.',
  'A Redis session that is kept for a moment (`cache: 5s`) is read from Redis once in that time.',
  'gRPC is asked by Envoy, on the same core; only the service’s CPU counts, against grpc-js answering the same four bytes to everything.',
  'Latency added is what wrk’s neighbour `hey` sees at 1 000 requests a second through Envoy with the check, less Envoy alone, in the same run.',
]

interface Cast {
  readonly servers: Server[]
  readonly folder: string
  readonly keep: <T extends { stop(): Promise<void> }>(it: T) => T
}

export async function benchAuthz(effort: Effort, say: (text: string) => void): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-bench-'))
  const stops: (() => Promise<void>)[] = []
  const keep: Cast['keep'] = (it) => {
    stops.unshift(() => it.stop())
    return it
  }
  const issuer = await startIssuer()
  try {
    const rounds = effort === 'full' ? { rounds: 5, seconds: 2 } : { rounds: 1, seconds: 1, warmRequests: 1 }
    say('starting')
    const memory = await startAuthz(folder, issuer, 'memory')
    keep(memory.process)
    const cookie = await signIn(memory, issuer)
    const servers: Server[] = [
      { name: 'memory session', url: memory.url, headers: { cookie }, process: memory.process },
      await nodePeer('map', keep, { cookie: 'session=bench-session' }),
    ]
    const notes: string[] = []
    if (effort === 'full') {
      servers.push(...(await more({ servers, folder, keep }, issuer)))
      try {
        servers.push(await startOAuth2Proxy(folder, issuer, keep))
      } catch (error) {
        notes.push(`oauth2-proxy could not be had here and was not measured: ${firstLine(error)}`)
      }
    }
    const token = await issuer.token({ jti: 'seen' })
    servers.push({
      name: 'token seen before',
      url: memory.url,
      headers: { authorization: `Bearer ${token}` },
      process: memory.process,
    })
    for (const server of servers) await checkVerdicts(server)
    say(`measuring ${servers.map(({ name }) => name).join(', ')}`)
    const figures = await loadAll(servers, { ...rounds, connections: 32 })
    const results = judged(figures)
    if (effort === 'full') {
      say('through Envoy')
      results.push(...(await throughEnvoy(folder, keep, memory, cookie, rounds)))
    }
    return { method: [...method, ...notes], results }
  } finally {
    for (const stop of stops) await stop()
    issuer.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function nodePeer(
  kind: 'map' | 'redis' | 'verify' | 'grpc',
  keep: Cast['keep'],
  headers: Readonly<Record<string, string>>,
  extra = '',
): Promise<Server & { readonly port: number }> {
  const peers = await npmPeers('authz', { ioredis: '6.0.0', '@grpc/grpc-js': '1.14.7' })
  const port = await freePort()
  const program = fileURLToPath(new URL('peer.mjs', import.meta.url))
  const from = dirname(peers.resolve('ioredis/package.json'))
  const args = [program, kind, String(port), from, extra]
  const process = keep(
    await startPinned(serverCore, globalThis.process.execPath, args, { ready: listening(port) }),
  )
  const names = {
    map: 'node + Map',
    redis: 'node + Redis GET',
    verify: 'node + crypto.verify',
    grpc: 'grpc-js echo',
  }
  return { name: names[kind], port, url: `http://localhost:${port}/data`, headers, process }
}

/** Sessions in Redis, and tokens nobody has seen. */
async function more({ folder, keep }: Cast, issuer: BenchIssuer): Promise<readonly Server[]> {
  const redis = await startRedis()
  keep({ stop: () => redis.close() })
  const shared = await startAuthz(folder, issuer, `redis://127.0.0.1:${redis.port}`)
  keep(shared.process)
  const url = `"redis://127.0.0.1:${redis.port}"`
  const briefly = await startAuthz(folder, issuer, `{ redis: { url: ${url}, cache: 5s } }`)
  keep(briefly.process)
  const fresh = await startAuthz(folder, issuer, 'memory')
  keep(fresh.process)
  const tokens = join(folder, 'tokens')
  const lines: string[] = []
  for (let at = 0; at < 20_000; at++) lines.push(await issuer.token({ jti: `new-${at}` }))
  writeFileSync(tokens, lines.join('\n'))
  const keys = (await (await fetch(`${issuer.url}/keys`)).json()) as { readonly keys: readonly unknown[] }
  writeFileSync(join(folder, 'key.json'), JSON.stringify(keys.keys[0]))
  const headers = { authorization: `Bearer ${lines[0]}` }
  return [
    {
      name: 'Redis session',
      url: shared.url,
      headers: { cookie: await signIn(shared, issuer) },
      process: shared.process,
    },
    {
      name: 'Redis session kept 5 s',
      url: briefly.url,
      headers: { cookie: await signIn(briefly, issuer) },
      process: briefly.process,
    },
    await nodePeer('redis', keep, { cookie: 'session=bench-session' }, String(redis.port)),
    { name: 'new RS256 token', url: fresh.url, headers, tokens, process: fresh.process },
    { ...(await nodePeer('verify', keep, headers, join(folder, 'key.json'))), tokens },
  ]
}

/** @throws unless it lets its own credential in and nobody else. */
async function checkVerdicts({ name, url, headers = {} }: Server): Promise<void> {
  const { status } = await fetch(url, { headers })
  const without = await fetch(url, {
    redirect: 'manual',
    headers: { cookie: 'session=made-up; kfdoor_session=x' },
  })
  if (status !== 200 || without.status === 200) {
    throw new Error(`${name} answers ${status}, and ${without.status} to whoever has no credential`)
  }
}

const firstLine = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.slice(0, 200)

function judged(figures: ReadonlyMap<string, Figures>): Result[] {
  const results: Result[] = []
  for (const [name, { perSecond, cpu, p50Ms, p99Ms }] of figures) {
    const { median: value, min, max } = perSecond
    const note = `p50 ${p50Ms.median} ms, p99 ${p99Ms.median} ms`
    results.push({ name, value, unit: 'checks/s', min, max, note })
    results.push({ name: `${name}, CPU`, value: cpu.median, unit: 'µs/check', min: cpu.min, max: cpu.max })
  }
  const compare = (name: string, peer: string, goal?: Goal) => {
    const [ours, theirs] = [figures.get(name), figures.get(peer)]
    if (!ours || !theirs) return
    const ratio = ours.perSecond.median / theirs.perSecond.median
    results.push({
      name: goal ? `${name}, throughput` : `${name}, throughput beside ${peer}`,
      value: ours.perSecond.median,
      unit: 'checks/s',
      peer,
      ratio,
      ...(goal && judge(goal, ratio)),
      note: `by CPU ${(theirs.cpu.median / ours.cpu.median).toFixed(2)} ×`,
    })
  }
  compare('memory session', 'node + Map', atLeast(0.65))
  compare('Redis session', 'node + Redis GET', atLeast(0.7))
  compare('Redis session kept 5 s', 'node + Redis GET', atLeast(1.2))
  compare('token seen before', 'memory session', atLeast(0.6))
  compare('new RS256 token', 'node + crypto.verify', atLeast(0.8))
  compare('memory session', 'oauth2-proxy')
  return results
}

async function throughEnvoy(
  folder: string,
  keep: Cast['keep'],
  authz: { readonly process: Pinned; readonly port: number; readonly grpcPort: number },
  cookie: string,
  rounds: { readonly rounds: number; readonly seconds: number },
): Promise<readonly Result[]> {
  const upstream = await startUpstream(folder)
  keep(upstream.process)
  const { port } = upstream
  const echo = await nodePeer('grpc', keep, {})
  const envoys = {
    alone: await startEnvoy(folder, port),
    http: await startEnvoy(folder, port, { authz: authz.port }),
    grpc: await startEnvoy(folder, port, { grpc: authz.grpcPort }),
    echo: await startEnvoy(folder, port, { grpc: echo.port }),
  }
  for (const { process } of Object.values(envoys)) keep(process)
  // Only the service's CPU counts, so it takes Envoy's place in the figures.
  const figures = await loadAll(
    [
      { ...envoys.grpc, name: 'gRPC check', headers: { cookie }, process: authz.process },
      { ...envoys.echo, name: 'grpc-js echo', headers: { cookie }, process: echo.process },
    ],
    { ...rounds, connections: 32 },
  )
  const [ours, theirs] = [figures.get('gRPC check') as Figures, figures.get('grpc-js echo') as Figures]
  const ratio = ours.cpu.median / theirs.cpu.median
  const row = (name: string, { cpu }: Figures): Result => ({
    name,
    value: cpu.median,
    unit: 'µs/check',
    min: cpu.min,
    max: cpu.max,
  })
  return [
    {
      ...row('gRPC check, CPU of the service', ours),
      peer: 'grpc-js echo',
      ratio,
      ...judge(atMost(0.9), ratio),
    },
    row('grpc-js echo, CPU of the service', theirs),
    ...(await addedLatency(envoys.alone, { ...envoys.http, headers: { cookie } }, rounds.rounds)),
  ]
}
