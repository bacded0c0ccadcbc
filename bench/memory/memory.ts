import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { imageNode, startAuthz, startIssuer } from '../authz/service.ts'
import { type Pinned, serverCore, startPinned } from '../http/pinned.ts'
import { startEnvoy } from '../http/servers.ts'
import { atMost, judge, type Result } from '../kit/result.ts'
import { interleaved, type Spread } from '../kit/rounds.ts'
import { kfdoorProgram, startDoor } from '../kit/up.ts'
import type { Effort, Report } from '../part.ts'

const method: readonly string[] = [
  'Resident memory (VmRSS) of the server’s processes, three seconds after it was ready and without a request; each was started anew in every one of three rounds. Text that several processes share counts in each.',
  '`serve authz` is started as its image starts it, with sessions in memory, gRPC and figures on. `serve gateway` and `up` serve the 26.03 door. Envoy has one listener and one cluster.',
  'The sessions are kept by the code `serve authz` keeps them with, in a process that has loaded all of it and given back what that took, as it does: 100 000 people signed in, each with 1 KB of claims, sealed.',
]

export async function benchMemory(effort: Effort, say: (text: string) => void): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-bench-'))
  const issuer = await startIssuer()
  const idle = effort === 'full' ? 3000 : 100
  const measured = (
    name: string,
    start: () => Promise<{ readonly process: Measurable; stop(): Promise<void> }>,
  ) => ({
    name,
    round: async () => {
      const { process, stop } = await start()
      await new Promise((later) => setTimeout(later, idle))
      const mib = process.residentMiB()
      await stop()
      return mib
    },
  })
  const alone = (process: Pinned) => ({ process, stop: () => process.stop() })
  const gateway = [
    kfdoorProgram,
    'serve',
    'gateway',
    '-f',
    'profile:26.03',
    '--listen',
    '8080=127.0.0.1:0',
    '-o',
    'json',
  ]
  try {
    const contestants = [
      measured('serve authz', async () => alone((await startAuthz(folder, issuer, 'memory')).process)),
      ...(effort === 'full'
        ? [
            measured('envoy', async () => alone((await startEnvoy(folder, 9)).process)),
            measured('serve gateway', async () => alone(await startGateway(gateway))),
            measured('up', () => startDoor([])),
            { name: 'sessions', round: () => sessionsMiB(100_000) },
          ]
        : [{ name: 'sessions', round: () => sessionsMiB(10) }]),
    ]
    say(contestants.map(({ name }) => name).join(', '))
    const figures = await interleaved(contestants, effort === 'full' ? 3 : 1)
    return { method, results: judged(figures) }
  } finally {
    issuer.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Measurable {
  residentMiB(): number
}

async function startGateway(args: readonly string[]): Promise<Pinned> {
  let started: Pinned | undefined
  const ready = async () => started === undefined || /"ready":true/.test(started.output())
  started = await startPinned(serverCore, process.execPath, args, { ready })
  for (let tries = 0; tries < 400 && !/"ready":true/.test(started.output()); tries++) {
    await new Promise((later) => setTimeout(later, 50))
  }
  if (!/"ready":true/.test(started.output()))
    throw new Error(`serve gateway is not ready: ${started.output()}`)
  return started
}

/** Filled and measured by itself; a collection at the end shows what the sessions take. */
function sessionsMiB(count: number): number {
  const program = fileURLToPath(new URL('sessions.ts', import.meta.url))
  // Compiled code is taken from where bin/kfdoor.mjs keeps it; the compiler would be in memory otherwise.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }
  const args = [...imageNode, '--expose-gc', program, String(count)]
  const out = execFileSync(process.execPath, args, { encoding: 'utf8', env })
  return (JSON.parse(out) as { readonly mib: number }).mib
}

function judged(figures: ReadonlyMap<string, Spread>): readonly Result[] {
  const envoy = figures.get('envoy')?.median
  return [...figures].map(([name, { median: value, min, max }]): Result => {
    const row = { name: `${name}, idle`, value, unit: 'MiB', min, max }
    if (name === 'sessions')
      return { ...row, name: '100 000 sessions of 1 KB', ...judge(atMost(250, 'MiB'), value) }
    if (!name.startsWith('serve') || envoy === undefined) return row
    return { ...row, peer: 'envoy', ratio: value / envoy, ...judge(atMost(1.5), value / envoy) }
  })
}
