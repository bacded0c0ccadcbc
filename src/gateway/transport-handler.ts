import { Readable } from 'node:stream'
import type { WebHandler } from './options.ts'
import type { Outgoing, Sending, Transport } from './upstream.ts'

/** A workload in this process: a function from Request to Response. */
export function handlerTransport(handle: WebHandler): Transport {
  return { send: (outgoing) => new HandlerSending(handle, outgoing), close: async () => {} }
}

class HandlerSending implements Sending {
  readonly #abort = new AbortController()
  #resume: (() => void) | undefined

  constructor(handle: WebHandler, outgoing: Outgoing) {
    void this.#run(handle, outgoing)
  }

  async #run(handle: WebHandler, outgoing: Outgoing): Promise<void> {
    const { remoteAddress, receiver } = outgoing
    const { signal } = this.#abort
    try {
      const response = await handle(
        toRequest(outgoing, signal),
        remoteAddress === undefined ? undefined : { remoteAddress },
      )
      if (signal.aborted) return
      const headers: string[] = []
      for (const [name, value] of response.headers) headers.push(name, value)
      receiver.head(response.status, headers, response.body ? 'body' : 'nothing')
      if (response.body) {
        for await (const chunk of response.body) {
          if (signal.aborted) return
          if (!receiver.data(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) {
            await new Promise<void>((resolve) => {
              this.#resume = resolve
            })
          }
        }
      }
      if (!signal.aborted) receiver.end()
    } catch {
      // What went wrong in a workload is its own to log; to its caller the connection broke.
      if (!signal.aborted) receiver.fail({ kind: 'reset' })
    }
  }

  resume(): void {
    this.#resume?.()
    this.#resume = undefined
  }

  cancel(): void {
    this.#abort.abort()
    this.resume()
  }
}

function toRequest({ method, path, host, headers, body: sent }: Outgoing, signal: AbortSignal): Request {
  const list = new Headers()
  for (let at = 0; at < headers.length; at += 2) list.append(headers[at] as string, headers[at + 1] as string)
  list.set('host', host)
  const origin = `http://${host}`
  const url = new URL(URL.canParse(origin) ? origin : 'http://localhost')
  // Assigned text would be normalized once more; a path the door let through stays as it is.
  const mark = path.indexOf('?')
  url.pathname = mark === -1 ? path : path.slice(0, mark)
  url.search = mark === -1 ? '' : path.slice(mark)
  const carried = sent && method !== 'GET' && method !== 'HEAD' ? sent : undefined
  const body = carried && (Buffer.isBuffer(carried) ? carried : Readable.toWeb(carried))
  return new Request(url, {
    method,
    headers: list,
    signal,
    redirect: 'manual',
    ...(body && { body: body as BodyInit, duplex: 'half' }),
  } as RequestInit)
}
