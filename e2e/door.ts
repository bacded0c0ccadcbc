import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const kfdoor = fileURLToPath(new URL('../bin/kfdoor.mjs', import.meta.url))

/** The ready line of `product.md`, as another program reads it. */
export interface Ready {
  readonly ready: true
  readonly url: string
  readonly httpUrl: string
  readonly caFile: string | null
  readonly issuer: string
  readonly profile: string
  readonly pid: number
  readonly listeners: readonly { readonly gateway: string; readonly port: number; readonly url: string }[]
  readonly direct: { readonly pipelines: string; readonly kserve: string }
}

export interface Door {
  readonly ready: Ready
  readonly env: NodeJS.ProcessEnv
  readonly child: ChildProcess
  /** Milliseconds from the start of the process to its ready line. */
  readonly startedIn: number
  /** Everything it has said on stderr so far. */
  log(): string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** `kfdoor up -o json` as a process of its own, on free ports, remembering nothing, unless told otherwise. */
export async function startDoor(
  args: readonly string[] = [],
  options: { state?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Door> {
  // Each door has a runtime folder of its own, so that `kfdoor token` finds this one and no other.
  const runtime = mkdtempSync(join(tmpdir(), 'kfdoor-e2e-'))
  const env = { ...process.env, XDG_RUNTIME_DIR: runtime, ...options.env }
  const begun = performance.now()
  const child = spawn(
    process.execPath,
    [
      kfdoor,
      'up',
      '-o',
      'json',
      '--port',
      '0',
      '--http-port',
      '0',
      '--state',
      options.state ?? ':memory:',
      ...args,
    ],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    said += part
  })
  const lines = createInterface({ input: child.stdout })
  const first = await Promise.race([
    once(lines, 'line').then(([line]) => line as string),
    once(child, 'exit').then(([code]) => {
      throw new Error(`kfdoor up ended with ${code} before it was ready:\n${said}`)
    }),
  ])
  const startedIn = performance.now() - begun
  return {
    ready: JSON.parse(first) as Ready,
    env,
    child,
    startedIn,
    log: () => said,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit')
        child.kill(signal)
        await gone
      }
      rmSync(runtime, { recursive: true, force: true })
      return child.exitCode
    },
  }
}

/** One `kfdoor` command to its end. */
export async function run(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [kfdoor, ...args], { env: options.env ?? process.env })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    out += part
  })
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    err += part
  })
  child.stdin.end(options.input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err }
}
