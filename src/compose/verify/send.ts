import { isFault } from '../../base/index.ts'
import type { Agent } from '../../client/index.ts'
import type { Seen } from './compare.ts'

/** One request to the door's address; the path goes out as it stands, dots and escapes included. */
export type Send = (request: {
  readonly method: string
  /** With its query. */
  readonly path: string
  /** Sent as Host and as the server name of the TLS hello; undefined = the address's own. */
  readonly host?: string
  readonly headers: Readonly<Record<string, string>>
}) => Promise<Seen>

/** What is read of a body: enough for the words of a refusal. */
const bodyBytes = 4096
const answerMs = 20_000

/** Both sides may end a connection that is kept, at any moment; who only reads may ask again. */
const closed: readonly unknown[] = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']

/** Every request says who asks. Redirects are not followed, and nothing is kept. */
export function createSend(agent: Agent, address: URL): Send {
  const once = async (request: Parameters<Send>[0], last: boolean): Promise<Seen> => {
    const { method, path, host, headers } = request
    try {
      const way = await agent.dispatcher(address)
      const answer = await way.request({
        origin: address.origin,
        path,
        method: method as 'GET',
        headers: {
          accept: '*/*',
          ...headers,
          'user-agent': 'kfdoor-verify',
          ...(host !== undefined && { host }),
          ...(method === 'POST' && { 'content-length': '0' }),
        },
        signal: AbortSignal.timeout(answerMs),
      })
      const found: Record<string, string> = {}
      for (const [name, value] of Object.entries(answer.headers)) {
        if (value !== undefined && name !== 'set-cookie') found[name] = [value].flat().join(', ')
      }
      let body = ''
      answer.body.on('error', () => {})
      for await (const part of answer.body) {
        body += (part as Buffer).toString('latin1')
        if (body.length >= bodyBytes) break
      }
      answer.body.destroy()
      return { status: answer.statusCode, headers: found, body: body.slice(0, bodyBytes) }
    } catch (error) {
      const again = !last && method !== 'POST' && closed.includes((error as { readonly code?: unknown }).code)
      if (again) return once(request, true)
      const known = await agent.explain(error, address)
      // A door that cannot be reached at all is not a disagreement about one request.
      if (
        isFault(known) &&
        ['ERR_HOST_UNKNOWN', 'ERR_PORT_CLOSED', 'ERR_CERTIFICATE_UNTRUSTED'].includes(known.code)
      ) {
        throw known
      }
      return { failed: known.message }
    }
  }
  return (request) => once(request, false)
}
