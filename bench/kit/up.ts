import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Measured, measured } from './process.ts'

export const kfdoorProgram = fileURLToPath(new URL('../../bin/kfdoor.mjs', import.meta.url))

export interface RunningDoor {
  readonly url: string
  readonly httpUrl: string
  readonly caFile: string
  readonly pid: number
  readonly process: Measured
  /** What a `kfdoor` that speaks to it needs. */
  readonly env: NodeJS.ProcessEnv
  stop(): Promise<void>
}

/** `kfdoor up` on free ports, findable only by this run's own commands. `before` stands in front of Node. */
export async function startDoor(
  args: readonly string[],
  before: readonly string[] = [],
): Promise<RunningDoor> {
  const runtime = mkdtempSync(join(tmpdir(), 'kfdoor-bench-run-'))
  // A home of its own too: what this run signs in to is nobody else's.
  const home = { HOME: runtime, XDG_CONFIG_HOME: '', XDG_DATA_HOME: '', XDG_RUNTIME_DIR: runtime }
  const env = { ...process.env, ...home }
  const free = ['--port', '0', '--http-port', '0', '--state', ':memory:', '-o', 'json']
  const [command = process.execPath, ...rest] = [...before, process.execPath]
  const child = spawn(command, [...rest, kfdoorProgram, 'up', ...free, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const gone = new Promise<void>((done) => child.once('exit', () => done()))
  const stop = async () => {
    child.kill()
    await gone
    rmSync(runtime, { recursive: true, force: true })
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = JSON.parse(line) as Omit<RunningDoor, 'env' | 'stop' | 'process'>
    child.stdout.resume()
    return { ...ready, env, stop, process: measured(child.pid ?? 0) }
  }
  await stop()
  throw new Error('`kfdoor up` ended before it was ready')
}
