import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request as plain, type ServerResponse } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Cluster } from './kubernetes.ts'

export interface Write {
  /** From 1: writes that are kept, not rehearsals and reviews. */
  readonly number: number
  readonly method: string
  readonly path: string
}

/**
 * What happens to a write: the connection breaks before the API server sees it, or after it has done it;
 * the answer is 500, 429 or 409 without the server; or everything goes as it should.
 */
export type Fate = 'pass' | 'drop-before' | 'drop-after' | keyof typeof answers

/** In the words of an API server. */
const answers = {
  fail: { status: 500, message: 'etcdserver: request timed out' },
  throttle: {
    status: 429,
    message: 'The server has received too many requests and has asked us to try again later',
  },
  expired: { status: 401, message: 'Unauthorized' },
  conflict: {
    status: 409,
    message: 'Operation cannot be fulfilled: the object has been modified; please apply your changes',
  },
} as const

export interface FaultyProxy {
  readonly url: string
  /** A kubeconfig whose contexts are the cluster's users, through this proxy. */
  kubeconfig(path: string, users: readonly string[]): void
  /** Writes since the last call of `plan`. */
  readonly writes: readonly Write[]
  /** Decides about every write from now on; may do something itself first, and the write waits for it. */
  plan(decide: (write: Write) => Fate | Promise<Fate>): void
  /** From now on nothing gets through at all, or again everything. */
  cut(off: boolean): void
  close(): Promise<void>
}

/** A reverse proxy before an API server that loses what it is told to lose. */
export async function startFaultyProxy(cluster: Cluster): Promise<FaultyProxy> {
  const ca = readFileSync(cluster.caFile)
  const upstream = new URL(cluster.url)
  let decide: (write: Write) => Fate | Promise<Fate> = () => 'pass'
  let writes: Write[] = []
  let off = false

  const forward = (
    incoming: IncomingMessage,
    body: Buffer,
    answered: (status: number, headers: IncomingMessage['headers'], body: Buffer) => void,
    failed: () => void,
  ) => {
    const call = (upstream.protocol === 'https:' ? request : plain)(
      {
        host: upstream.hostname,
        port: upstream.port,
        ca,
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, host: upstream.host },
      },
      (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () => answered(answer.statusCode ?? 502, answer.headers, Buffer.concat(parts)))
        answer.on('error', failed)
      },
    )
    call.on('error', failed)
    call.end(body)
  }

  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const parts: Buffer[] = []
    incoming.on('data', (part: Buffer) => parts.push(part))
    incoming.on('end', async () => {
      const { method = 'GET', url: path = '/' } = incoming
      const body = Buffer.concat(parts)
      // A deletion says in its body that it is a rehearsal.
      const rehearsed = path.includes('dryRun=All') || body.includes('"dryRun":["All"]')
      const kept = method !== 'GET' && !rehearsed && !path.includes('accessreviews')
      let fate: Fate = off ? 'drop-before' : 'pass'
      if (kept && !off) {
        const write = { number: writes.length + 1, method, path }
        writes.push(write)
        fate = await decide(write)
      }
      if (fate === 'drop-before') return outgoing.destroy()
      if (fate !== 'pass' && fate !== 'drop-after') {
        const { status, message } = answers[fate]
        outgoing.writeHead(status, { 'content-type': 'application/json' })
        return outgoing.end(JSON.stringify({ kind: 'Status', message }))
      }
      forward(
        incoming,
        body,
        (status, headers, answer) => {
          if (fate === 'drop-after') return outgoing.destroy()
          outgoing.writeHead(status, headers).end(answer)
        },
        () => outgoing.destroy(),
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    kubeconfig(path, users) {
      const named = (name: string) => ({ name, user: { token: cluster.token(name) } })
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': users[0],
        clusters: [{ name: 'local', cluster: { server: url } }],
        users: users.map(named),
        contexts: users.map((name) => ({ name, context: { cluster: 'local', user: name } })),
      }
      writeFileSync(path, JSON.stringify(config), { mode: 0o600 })
    },
    get writes() {
      return writes
    },
    plan(next) {
      decide = next
      writes = []
    },
    cut(next) {
      off = next
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
