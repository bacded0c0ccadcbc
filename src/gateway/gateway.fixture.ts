import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Decision, DoorRequest, ForwardDecision } from '../policy/index.ts'
import { type GatewayOptions, type ListenerSpec, type RunningGateway, startGateway } from './index.ts'
import type { DoorPort } from './options.ts'

const said = { reason: 'test', steps: [], checks: [] } as const

/** Lets a request through as it stands. */
export function forwardOf(request: DoorRequest, changes: Partial<ForwardDecision> = {}): ForwardDecision {
  return {
    ...said,
    kind: 'forward',
    verdict: 'allow',
    upstream: 'outbound|80||app.test.svc.cluster.local',
    destination: { host: 'app.test.svc.cluster.local', port: 80 },
    method: request.method,
    path: request.path,
    host: request.host,
    headers: request.headers,
    response: { remove: [], set: [], add: [] },
    ...changes,
  }
}

export function replyOf(status: number, body = '', headers: [string, string][] = []): Decision {
  return { ...said, kind: 'reply', verdict: status < 400 ? 'redirect' : 'deny', status, headers, body }
}

export const plain: ListenerSpec = {
  gateway: 'istio-system/istio-ingressgateway',
  address: '127.0.0.1',
  port: 0,
  meshPort: 80,
  targetPort: 8080,
}

/** A gateway on free ports, and the ports. */
export async function aGateway(
  door: Partial<DoorPort>,
  options: Partial<GatewayOptions> = {},
): Promise<RunningGateway & { readonly port: number }> {
  const gateway = await startGateway({
    listeners: [plain],
    hardening: 'default',
    clock: Date.now,
    ...options,
    door: {
      decide: (request) => forwardOf(request),
      verify: () => () => false,
      ask: async () => ({ status: 403, headers: [] }),
      upstream: () => undefined,
      identityHeaders: ['kubeflow-userid', 'kubeflow-groups'],
      ...door,
    },
  })
  return Object.assign(gateway, { port: gateway.listeners[0]?.port ?? 0 })
}

/** What a recording workload saw. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly raw: readonly string[]
  readonly body: string
}

/** A workload that answers 200 with what `answer` makes, and remembers every request. */
export async function aWorkload(
  answer: (request: IncomingMessage, body: string) => string = () => 'app',
): Promise<{ readonly url: string; readonly seen: Seen[]; readonly server: Server; close(): Promise<void> }> {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = Buffer.concat(parts).toString()
    seen.push({ method: request.method ?? '', path: request.url ?? '', raw: request.rawHeaders, body })
    response.end(answer(request, body))
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    server,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

export function valueIn(raw: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() === name) values.push(raw[at + 1] as string)
  }
  return values
}
