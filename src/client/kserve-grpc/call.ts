import { constants, type IncomingHttpHeaders } from 'node:http2'
import { challengeOf } from '../challenge.ts'
import type { DoorSession, Pass } from '../door-session.ts'
import type { Agent } from '../http/agent.ts'
import { challengedWith } from '../who.ts'

export interface GrpcDoor {
  readonly door: URL
  readonly agent: Agent
  readonly session: DoorSession
}

export interface GrpcAnswer {
  /** google.rpc.Code; -1 = the answer was none of gRPC. */
  readonly code: number
  readonly words: string
  readonly message: Buffer
}

/**
 * One unary call at a door, with the credential; a challenge is answered by renewing it and calling once
 * more.
 *
 * @throws Fault ERR_CREDENTIALS_EXPIRED … of the session, and of what cannot be reached
 */
export async function callGrpc(
  at: GrpcDoor,
  path: string,
  host: string | undefined,
  message: Buffer,
  signal?: AbortSignal,
): Promise<GrpcAnswer> {
  for (let attempt = 0; ; attempt++) {
    const pass = await at.session.pass(at.door)
    const { answer, asks } = await once(at, path, host, message, pass, signal)
    if (!asks || attempt > 0 || !(await at.session.refused(pass.version))) return answer
  }
}

async function once(
  { door, agent }: GrpcDoor,
  path: string,
  host: string | undefined,
  message: Buffer,
  pass: Pass,
  signal: AbortSignal | undefined,
): Promise<{ readonly answer: GrpcAnswer; readonly asks: boolean }> {
  const session = await agent.http2(door)
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    ':authority': host ?? door.host,
    ':scheme': door.protocol.slice(0, -1),
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'kfdoor',
    ...pass.headers,
  })
  const abort = () => stream.close(constants.NGHTTP2_CANCEL)
  signal?.addEventListener('abort', abort, { once: true })
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  const parts: Buffer[] = []
  let head: IncomingHttpHeaders = {}
  let trailers: IncomingHttpHeaders = {}
  try {
    await new Promise<void>((resolve, reject) => {
      stream.on('response', (headers) => {
        head = headers
      })
      stream.on('trailers', (found) => {
        trailers = found
      })
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('error', reject)
      stream.on('close', resolve)
      stream.end(Buffer.concat([prefix, message]))
    })
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw await agent.explain(error, door)
  } finally {
    signal?.removeEventListener('abort', abort)
  }
  if (signal?.aborted) throw signal.reason
  const header = (name: string) => [trailers[name] ?? head[name]].flat()[0]
  const status = Number(head[':status'] ?? 0)
  const grpc = header('grpc-status')
  const words = decoded(header('grpc-message') ?? '') || Buffer.concat(parts).toString('utf8', 0, 400)
  const body = Buffer.concat(parts)
  const answer =
    grpc === undefined
      ? { code: -1, words: `HTTP ${status}${words === '' ? '' : `: ${words}`}`, message: Buffer.alloc(0) }
      : { code: Number(grpc), words, message: body.subarray(5) }
  const told = challengeOf({ status, url: door, header })
  // A gateway makes one status of several refusals; the door itself tells which it was.
  const doubtful = told === 'read' || ['2', '7', '16'].includes(grpc ?? '')
  const asks =
    told === 'yes' || (doubtful && (await challengedWith(agent, door, pass.headers, signal)) !== undefined)
  return { answer, asks }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
