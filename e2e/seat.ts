/** The neighbours of an auth service whose seat is taken: an issuer on loopback, and a gateway that asks. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { getRequestListener } from '@hono/node-server'
import { hash } from '@node-rs/bcrypt'
import { createSigningKeys } from '../src/identity/index.ts'
import { createIssuer, dexGeneration, parseDexConfig } from '../src/issuer/index.ts'
import { kfdoor } from './door.ts'

export const PASSWORD = 'correct horse'
export const CLIENT = { id: 'kubeflow-oidc-authservice', secret: 'a secret of this test' }

async function listening(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
const ended = (server: Server) =>
  new Promise<void>((done) => {
    server.closeAllConnections()
    server.close(() => done())
  })

export interface IssuerOptions {
  /** The Dex it behaves as. */
  readonly tag?: string
  readonly password?: string
  readonly approval?: boolean
  /** Put before the password database, as Dex's configuration has it. */
  readonly connectors?: readonly object[]
}

/** Our own issuer, with one user, under a URL that is its own. */
export async function startIssuer(redirectUris: readonly string[], options: IssuerOptions = {}) {
  const { tag = 'v2.45.0', password = PASSWORD, approval = false, connectors } = options
  let listener: ReturnType<typeof getRequestListener> | undefined
  const server = createServer((request, response) => void listener?.(request, response))
  const url = `http://127.0.0.1:${await listening(server)}/dex`
  const { config, problems } = parseDexConfig(
    JSON.stringify({
      issuer: url,
      oauth2: { skipApprovalScreen: !approval },
      ...(connectors && { connectors }),
      enablePasswordDB: true,
      staticClients: [{ id: CLIENT.id, secret: CLIENT.secret, name: 'Door', redirectURIs: redirectUris }],
      staticPasswords: [
        {
          email: 'user@example.com',
          hash: await hash(password, { cost: 10 }),
          username: 'user',
          userID: '15841185641784',
        },
      ],
    }),
    {},
  )
  if (!config) throw new Error(JSON.stringify(problems))
  const issuer = createIssuer({
    config,
    generation: dexGeneration(tag),
    keys: await createSigningKeys({ clock: Date.now }),
    clock: Date.now,
    log: () => {},
  })
  listener = getRequestListener((request) => issuer.handle(request, { remoteAddress: '127.0.0.1' }))
  return { url, secret: CLIENT.secret, close: () => ended(server) }
}

export interface Seat {
  readonly url: string
  readonly pid: number
  readonly ready: Readonly<Record<string, unknown>>
  log(): string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** `kfdoor serve authz` with these arguments, as a process of its own. */
export async function startSeat(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Seat> {
  const child: ChildProcess = spawn(process.execPath, [kfdoor, 'serve', 'authz', '-o', 'json', ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    said += part
  })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const first = await Promise.race([
    once(lines, 'line').then(([line]) => line as string),
    once(child, 'exit').then(([code]) => {
      throw new Error(`serve authz ended with ${code} before it was ready:\n${said}`)
    }),
  ])
  const ready = JSON.parse(first) as { readonly http: string }
  return {
    url: `http://${ready.http}`,
    pid: child.pid ?? 0,
    ready: { ...ready },
    log: () => said,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit')
        child.kill(signal)
        await gone
      }
      return child.exitCode
    },
  }
}

export interface GatewayOptions {
  /** Asked in turn, as a Service with several endpoints is. */
  readonly seats: readonly string[]
  readonly issuer: string
  /** Headers of the request that the check carries. */
  readonly asks: readonly string[]
  /** Of an answer of 200, these go on to the upstream. */
  readonly upstream: readonly string[]
  /** Paths that are routed to the seat itself, after the check. */
  readonly own: string
  /** A free one without it. */
  readonly port?: number
}

/**
 * A gateway as Kubeflow's Istio configures one: each request is asked about over ext_authz HTTP with
 * the named headers only; 200 goes on, to the issuer, to the seat, or to an echo of what an upstream
 * would get; anything else is the answer.
 */
export async function startGateway(options: GatewayOptions) {
  let turn = 0
  const relay = (
    to: URL,
    request: IncomingMessage,
    headers: Record<string, string>,
    body: Buffer,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> =>
    new Promise((done, failed) => {
      const call = httpRequest(to, { method: request.method, headers, agent: false }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part)).on('error', failed)
        answer.on('end', () =>
          done({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }),
        )
      })
      call.on('error', failed).end(body)
    })
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const body = Buffer.concat(parts)
    const path = request.url ?? '/'
    const host = request.headers.host ?? ''
    const seat = options.seats[turn++ % options.seats.length] as string
    const asked: Record<string, string> = { host, 'x-envoy-internal': 'true', 'content-length': '0' }
    for (const name of options.asks) {
      const value = request.headers[name]
      if (typeof value === 'string') asked[name] = value
    }
    const send = ({ status, headers, body: text }: Awaited<ReturnType<typeof relay>>) => {
      const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...rest } = headers
      response.writeHead(status, rest as Record<string, string>)
      response.end(text)
    }
    try {
      const verdict = await relay(new URL(path, seat), request, asked, Buffer.alloc(0))
      if (verdict.status !== 200) return send(verdict)
      const all = { ...(request.headers as Record<string, string>), 'x-request-id': 'one' }
      if (path.startsWith('/dex/'))
        return send(await relay(new URL(path, options.issuer), request, all, body))
      if (path.startsWith(options.own)) return send(await relay(new URL(path, seat), request, all, body))
      const seen: Record<string, unknown> = {}
      for (const name of options.upstream) if (verdict.headers[name]) seen[name] = verdict.headers[name]
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ path, ...seen }))
    } catch (error) {
      // As Envoy: an authorizer that does not answer is a refusal.
      response.writeHead(403)
      response.end(String(error))
    }
  })
  return { url: `http://127.0.0.1:${await listening(server, options.port)}`, close: () => ended(server) }
}
