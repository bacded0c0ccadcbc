import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent, request } from 'node:https'
import { createInterface } from 'node:readline'
import { Fault } from '../base/index.ts'
import { addressOf, type ClusterAccess } from './kubeconfig.ts'

export interface ApiAnswer {
  readonly status: number
  /** Parsed where it is JSON; undefined where it is not. */
  readonly body: unknown
}

export interface ApiRequest {
  readonly method?: string
  /** Sent as it is where it is text, else as JSON. */
  readonly content?: unknown
  readonly contentType?: string
  /** Key sets are not given as `application/json`: 406. */
  readonly accept?: string
  readonly signal?: AbortSignal
  /** `--kube-as`: whom the API server is to take us for. */
  readonly as?: string
}

/** One API server, over connections that are kept. */
export interface KubeApi {
  /** `https://HOST:PORT`, and a path where it has one. */
  readonly address: string
  /** `path` begins with `/`. @throws Fault ERR_DOOR_UNREACHABLE when nothing answers */
  call(path: string, request?: ApiRequest): Promise<ApiAnswer>
  /**
   * Events of a watch, one JSON text each, until the server or `signal` ends it. Ends at once where it is
   * refused.
   */
  lines(path: string, request: ApiRequest): AsyncIterable<string>
  close(): void
}

/** More than any list page of the API server; a flood is cut off. */
const MOST = 64 * 1024 * 1024

export function openKubeApi(access: ClusterAccess): KubeApi {
  const { server, ca, insecure, token, clientCertificate, clientKey } = access
  const plain = server.protocol === 'http:'
  const agent = plain
    ? new PlainAgent({ keepAlive: true, maxSockets: 8 })
    : new Agent({
        keepAlive: true,
        maxSockets: 8,
        ca,
        cert: clientCertificate,
        key: clientKey,
        rejectUnauthorized: !insecure,
      })
  const address = addressOf(access)
  const identity = ({ as, accept = 'application/json' }: ApiRequest) => ({
    accept,
    'user-agent': 'kfdoor',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(as !== undefined && { 'impersonate-user': as }),
  })
  /** A server may end a connection that is kept while it is taken up again: who only reads asks once more. */
  const begin = (path: string, asked: ApiRequest, timeout?: number): Promise<IncomingMessage> =>
    new Promise((done, failed) => {
      const { method = 'GET', content, contentType = 'application/json', signal } = asked
      const body =
        content === undefined ? undefined : typeof content === 'string' ? content : JSON.stringify(content)
      const headers = {
        ...identity(asked),
        ...(body !== undefined && {
          'content-type': contentType,
          'content-length': Buffer.byteLength(body),
        }),
      }
      const send = () => {
        const call = (plain ? plainRequest : request)(
          new URL(address + path),
          { method, agent, timeout, signal, headers },
          done,
        )
        call.on('timeout', () => call.destroy(new Error(`it did not answer in ${Number(timeout) / 1000} s`)))
        call.on('error', (error: NodeJS.ErrnoException) => {
          const again =
            method === 'GET' && call.reusedSocket && error.code === 'ECONNRESET' && !signal?.aborted
          if (again) send()
          else failed(error)
        })
        call.end(body)
      }
      send()
    })
  return {
    address,
    close: () => agent.destroy(),
    async *lines(path, asked) {
      try {
        const response = await begin(path, asked)
        // Whoever has seen enough goes, and what comes of the connection then is nobody's.
        response.on('error', () => {})
        try {
          if (response.statusCode === 200) yield* createInterface({ input: response })
        } finally {
          response.destroy()
        }
      } catch {
        // Whoever watches looks again, and meets what ended it.
      }
    },
    async call(path, asked = {}) {
      try {
        const response = await begin(path, asked, 30_000)
        return { status: response.statusCode ?? 0, body: parse(await textOf(response)) }
      } catch (cause) {
        asked.signal?.throwIfAborted()
        const { message } = cause as Error
        throw new Fault('ERR_DOOR_UNREACHABLE', { url: address, reason: message }, { cause })
      }
    },
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of response) {
    size += part.length
    if (size > MOST) throw new Error('the answer is larger than 64 MiB')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What an answer that is no success says for itself. */
export function messageOf({ status, body }: ApiAnswer): string {
  const message = (body as { readonly message?: unknown } | undefined)?.message
  return typeof message === 'string' && message !== ''
    ? message.slice(0, 400)
    : `the API server answers ${status}`
}

/** An API server that does not take the caller for who he says he is, or does not answer him: no word about its objects. */
export function refusal({ address }: Pick<KubeApi, 'address'>, answer: ApiAnswer): Fault {
  const reason =
    answer.status === 401
      ? `it does not take your credentials (${messageOf(answer)}), which may have expired`
      : messageOf(answer)
  return new Fault('ERR_CLUSTER_REFUSED', { server: address, reason })
}
