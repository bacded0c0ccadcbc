import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'

/** A neighbour that runs until it is told to stop. */
export interface Neighbour {
  readonly pid: number
  /** The last of what it wrote, for a failure's message. */
  output(): string
  /** Ends it and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Settles when it is gone, however that came. */
  readonly gone: Promise<void>
}

export interface NeighbourOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Asked again and again until it holds; throws or resolves false while it does not. */
  readonly ready: () => Promise<boolean>
  /** Milliseconds until it counts as one that does not start. */
  readonly within?: number
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a server and resolves when it is ready; one that ends first, or never is, is a failure with its last words. */
export async function startNeighbour(
  command: string,
  args: readonly string[],
  options: NeighbourOptions,
): Promise<Neighbour> {
  const child = spawn(command, args, {
    env: options.env ?? process.env,
    ...(options.cwd && { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  const hear = (part: string) => {
    output = (output + part).slice(-8000)
  }
  child.stdout.setEncoding('utf8').on('data', hear)
  child.stderr.setEncoding('utf8').on('data', hear)
  let ended: string | undefined
  const gone = new Promise<void>((done) => {
    child.once('error', (error) => {
      ended = error.message
      running.delete(child)
      done()
    })
    child.once('exit', (code, signal) => {
      ended ??= `it ended with ${signal ?? code}`
      running.delete(child)
      done()
    })
  })
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (ended === undefined) child.kill(signal)
    const hard = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await gone
    clearTimeout(hard)
  }
  const until = Date.now() + (options.within ?? 60_000)
  while (!(await options.ready().catch(() => false))) {
    if (ended !== undefined) throw new Error(`${command}: ${ended}\n${output}`)
    if (Date.now() > until) {
      await stop('SIGKILL')
      throw new Error(`${command} is not ready in time\n${output}`)
    }
    await new Promise((later) => setTimeout(later, 50))
  }
  return { pid: child.pid ?? 0, output: () => output, stop, gone }
}

/** A port nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer().once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? found(address.port) : failed(new Error('no port')),
      )
    })
  })
}
