import cluster from 'node:cluster'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { GatewayReadyLine } from './options.ts'

/** What a worker is told first, and what it says once it listens. */
type ToWorker = { readonly ticketKeys: string }
type FromWorker = { readonly ready: GatewayReadyLine }

/** undefined = this process serves by itself, or is the one that starts the others. */
export async function keysOfWorker(): Promise<Buffer | undefined> {
  if (!cluster.isWorker) return undefined
  const told = once(process, 'message') as Promise<[ToWorker]>
  process.send?.({ asks: true })
  const [{ ticketKeys }] = await told
  return Buffer.from(ticketKeys, 'base64')
}

/** Tells the first process that this one listens. */
export function sayReady(ready: GatewayReadyLine): void {
  process.send?.({ ready } satisfies FromWorker)
}

export interface Workers {
  readonly ready: GatewayReadyLine
  close(): Promise<void>
}

/**
 * So many processes on the same ports, each running this same command. They share the keys of TLS
 * session tickets, so that one resumes what another began; the keys are never written anywhere. One
 * that dies is replaced.
 *
 * @throws Error where one ends before it listens; it has said why
 */
export async function startWorkers(count: number): Promise<Workers> {
  const ticketKeys = randomBytes(48).toString('base64')
  let closing = false
  cluster.on('message', (worker, message: unknown) => {
    if (isAsking(message)) worker.send({ ticketKeys } satisfies ToWorker)
  })
  const start = () =>
    new Promise<GatewayReadyLine>((resolve, reject) => {
      const worker = cluster.fork()
      worker.on('message', (message: unknown) => {
        if (isReady(message)) resolve(message.ready)
      })
      worker.once('exit', (code) => reject(new WorkerEnded(code ?? 1)))
    })
  const first = await start()
  // The first one's free ports are everybody's.
  await Promise.all(Array.from({ length: count - 1 }, start))
  cluster.on('exit', () => {
    if (!closing) start().catch(() => {})
  })
  return {
    ready: { ...first, pid: process.pid },
    async close() {
      closing = true
      const running = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
      const ended = running.map((worker) => once(worker, 'exit'))
      for (const worker of running) worker.process.kill('SIGTERM')
      await Promise.all(ended)
    },
  }
}

/** A worker said itself why it could not serve. */
export class WorkerEnded extends Error {
  readonly code: number

  constructor(code: number) {
    super(`a worker ended with ${code}`)
    this.code = code
  }
}

export const isWorker = cluster.isWorker

function isAsking(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'asks' in message
}

function isReady(message: unknown): message is FromWorker {
  return typeof message === 'object' && message !== null && 'ready' in message
}
