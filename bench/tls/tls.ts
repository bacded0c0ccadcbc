import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sessionCookie, startBenchDoor } from '../gateway/door.ts'
import { loadCore } from '../http/pinned.ts'
import { type Figures, loadAll } from '../http/round.ts'
import { type KeyPair, type Server, startEnvoy, startNginxProxy, startUpstream } from '../http/servers.ts'
import { goProgram } from '../kit/go.ts'
import { atLeast, atMost, type Goal, judge, type Result } from '../kit/result.ts'
import { interleaved, type Spread } from '../kit/rounds.ts'
import type { Effort, Report } from '../part.ts'

const method: readonly string[] = [
  'As `bench:gateway`, over TLS 1.3 with EC P-256 certificates: `kfdoor` is the whole 26.03 door with a session and 1 000 policies, the others check nothing.',
  'New connections are made by a Go client (8 workers, one request each, `Connection: close`), without tickets and with them; compared is the server’s CPU per connection, the request included. `resumed` is the share of connections that resumed where the client had a ticket.',
]

const run = promisify(execFile)

export async function benchTls(effort: Effort, say: (text: string) => void): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-bench-'))
  const stops: (() => Promise<void>)[] = []
  try {
    const upstream = await startUpstream(folder)
    stops.unshift(() => upstream.process.stop())
    const pair = makeKeyPair(folder)
    const door = await startBenchDoor(folder, upstream.port, {
      rules: effort === 'full' ? 1000 : 10,
      tls: true,
    })
    stops.unshift(() => door.stop())
    const kfdoor: Client = {
      name: 'kfdoor',
      url: `${door.url}/bench/data`,
      headers: { cookie: sessionCookie(door) },
      process: { ...door, ...door.process, output: () => '', gone: Promise.resolve() },
      ca: door.caFile,
    }
    const others = [
      await startNginxProxy(folder, upstream.port, pair),
      ...(effort === 'full' ? [await startEnvoy(folder, upstream.port, { tls: pair })] : []),
    ]
    for (const { process } of others) stops.unshift(() => process.stop())
    const servers = [kfdoor, ...others.map((each): Client => ({ ...each, ca: pair.cert }))]
    const rounds = effort === 'full' ? { rounds: 5, seconds: 2 } : { rounds: 1, seconds: 1, warmRequests: 1 }
    say(`kept alive: ${servers.map(({ name }) => name).join(', ')}`)
    const kept = await loadAll(servers, { ...rounds, connections: 32 })
    const program = await goProgram('handshakes', fileURLToPath(new URL('handshakes', import.meta.url)))
    say('new connections')
    const full = await connect(program, servers, 'full', rounds)
    const resumed = await connect(program, servers, 'resumed', rounds)
    return {
      method,
      results: [...keptRows(kept), ...newRows(full, 'full', 2.2), ...newRows(resumed, 'resumed', 1.8)],
    }
  } finally {
    for (const stop of stops) await stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Client = Server & { readonly ca: string }

function makeKeyPair(folder: string): KeyPair {
  const pair = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  const make = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', [...make, '-keyout', pair.key, '-out', pair.cert, ...names], { stdio: 'ignore' })
  return pair
}

function keptRows(figures: ReadonlyMap<string, Figures>): readonly Result[] {
  const rows = [...figures].flatMap(([name, { perSecond, cpu }]): Result[] => [
    {
      name: `kept alive, ${name}`,
      value: perSecond.median,
      unit: 'requests/s',
      min: perSecond.min,
      max: perSecond.max,
    },
    { name: `kept alive, ${name}, CPU`, value: cpu.median, unit: 'µs/request', min: cpu.min, max: cpu.max },
  ])
  const [ours, envoy] = [figures.get('kfdoor'), figures.get('envoy')]
  if (!ours || !envoy) return rows
  const ratio = ours.perSecond.median / envoy.perSecond.median
  const note = `by CPU ${(envoy.cpu.median / ours.cpu.median).toFixed(2)} ×`
  const value = ours.perSecond.median
  return [
    ...rows,
    {
      name: 'kept alive, throughput',
      value,
      unit: 'requests/s',
      peer: 'envoy',
      ratio,
      ...judge(atLeast(0.6), ratio),
      note,
    },
  ]
}

interface Connected {
  readonly cpu: ReadonlyMap<string, Spread>
  /** From 0 to 1. */
  readonly resumed: ReadonlyMap<string, number>
}

async function connect(
  program: string,
  servers: readonly Client[],
  mode: 'full' | 'resumed',
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<Connected> {
  const resumed = new Map<string, number>()
  const cpu = await interleaved(
    servers.map(({ name, url, headers, process, ca }) => ({
      name,
      round: async () => {
        const before = process.cpuMs()
        const args = [program, mode, String(seconds), url, headers?.cookie ?? '', ca]
        const { stdout } = await run('taskset', ['-c', String(loadCore), ...args])
        const counted = JSON.parse(stdout) as { readonly connections: number; readonly resumed: number }
        resumed.set(name, Math.min(resumed.get(name) ?? 1, counted.resumed / counted.connections))
        return ((process.cpuMs() - before) * 1000) / counted.connections
      },
    })),
    rounds,
  )
  return { cpu, resumed }
}

function newRows({ cpu, resumed }: Connected, mode: 'full' | 'resumed', most: number): readonly Result[] {
  const nginx = cpu.get('nginx') as Spread
  const rows = [...cpu].map(([name, { median, min, max }]): Result => {
    const ratio = median / nginx.median
    const goal: Goal | undefined = name === 'kfdoor' ? atMost(most) : undefined
    const compared = name !== 'nginx' && { peer: 'nginx', ratio, ...(goal && judge(goal, ratio)) }
    return { name: `new connection, ${mode}, ${name}`, value: median, unit: 'µs', min, max, ...compared }
  })
  if (mode === 'full') return rows
  const share = (resumed.get('kfdoor') ?? 0) * 100
  return [
    ...rows,
    { name: 'connections that resumed, kfdoor', value: share, unit: '%', ...judge(atLeast(100, '%'), share) },
  ]
}
