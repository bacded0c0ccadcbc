import { closeSync, openSync, write } from 'node:fs'
import { Fault, fileTrouble } from '../../base/index.ts'
import type { Io } from '../../cli/io.ts'
import { askedToStop } from '../asked-to-stop.ts'
import { giveBackStartMemory } from '../start-memory.ts'
import type { GatewayReadyLine, ServeGatewayOptions } from './options.ts'

/** How long requests under way may take when the gateway closes. Milliseconds. */
const drainMs = 10_000

/** What only a run of the command needs. */
export interface RunOptions {
  readonly output: 'text' | 'json'
  /** A file, or `-` for stdout. */
  readonly accessLog?: string
  /** Processes that serve together; 1 = this one alone. */
  readonly workers: number
}

/** `kfdoor serve gateway` from start to Ctrl-C. */
export async function runServeGateway(options: ServeGatewayOptions, run: RunOptions, io: Io): Promise<void> {
  const { isWorker, keysOfWorker, sayReady } = await import('./workers.ts')
  if (run.workers > 1 && !isWorker) return runWorkers(run, io)
  const { serveGateway } = await import('./serve-gateway.ts')
  const ticketKeys = await keysOfWorker()
  const log = run.accessLog === undefined ? undefined : openLog(run.accessLog, io)
  const running = await serveGateway(
    { ...options, ...(log && { accessLog: log.line }), ...(ticketKeys && { ticketKeys }) },
    { readStdin: io.readStdin, say: (line) => io.err(line) },
  )
  // Heard before anything is printed: whoever reads the ready line may stop the gateway at once.
  const stopped = askedToStop(async () => {
    if (!isWorker) io.err('kfdoor: closing; open requests have 10 s')
    await running.close(drainMs)
    await log?.close()
  })
  giveBackStartMemory()
  if (isWorker) sayReady(running.ready)
  else sayOpen(running.ready, run, io)
  await ended(stopped, io)
  // A worker's channel to the first process would keep it.
  if (isWorker) process.disconnect?.()
}

/** The first of several: it serves nothing itself. */
async function runWorkers(run: RunOptions, io: Io): Promise<void> {
  const { startWorkers, WorkerEnded } = await import('./workers.ts')
  try {
    const workers = await startWorkers(run.workers)
    const stopped = askedToStop(async () => {
      io.err('kfdoor: closing; open requests have 10 s')
      await workers.close()
    })
    sayOpen(workers.ready, run, io)
    await ended(stopped, io)
  } catch (error) {
    if (!(error instanceof WorkerEnded)) throw error
    // It said itself why.
    process.exit(error.code)
  }
}

function sayOpen(ready: GatewayReadyLine, { output }: RunOptions, io: Io): void {
  io.out(output === 'json' ? JSON.stringify(ready) : renderReady(ready))
}

async function ended(stopped: Promise<void>, io: Io): Promise<void> {
  try {
    await stopped
  } catch (error) {
    io.err(`kfdoor: ${error instanceof Error ? error.message : String(error)}`)
  }
  io.exit(0)
}

function renderReady({ listeners }: GatewayReadyLine): string {
  const rows = listeners.map(({ gateway, targetPort, url }) => `  ${gateway} port ${targetPort}  ${url}`)
  return ['the gateway is open', ...rows, 'Ctrl-C closes it.'].join('\n')
}

interface Log {
  line(text: string): void
  close(): Promise<void>
}

/** Bytes that are kept before they are written, and for how many milliseconds at most. */
const block = 64 * 1024
const patience = 200
/** A disk that does not keep up loses lines, not requests. Bytes. */
const mostWaiting = 16 * 1024 * 1024

/** Lines are gathered: one write for each would cost more than the request. */
function openLog(path: string, io: Io): Log {
  const file = path === '-' ? undefined : openFile(path)
  let waiting: string[] = []
  let size = 0
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length === 0) return
    const text = waiting.join('')
    waiting = []
    size = 0
    if (file === undefined) io.out(text)
    else writing = writing.then(() => new Promise((done) => write(file, text, () => done())))
  }
  return {
    line(text) {
      if (size > mostWaiting) return
      waiting.push(`${text}\n`)
      size += text.length + 1
      if (size >= block) flush()
      else timer ??= setTimeout(flush, patience).unref()
    },
    async close() {
      flush()
      await writing
      if (file !== undefined) closeSync(file)
    },
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'a', 0o600)
  } catch (error) {
    throw new Fault('ERR_FILE_UNWRITABLE', { path, reason: fileTrouble(error) }, { cause: error })
  }
}
