/** What happens at a live door, as server-sent events: a walk, the decisions of a door that runs here. */
import type { ServerResponse } from 'node:http'

export interface LiveEvent {
  readonly event: 'hop' | 'walked' | 'decision' | 'failed' | 'door'
  readonly data: unknown
}

export interface LiveStream {
  send(event: LiveEvent): void
  readonly closed: AbortSignal
}

const beatMs = 15_000

export function openStream(response: ServerResponse): LiveStream {
  const gone = new AbortController()
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  })
  // Something has to come before a proxy or a browser gives up.
  const beat = setInterval(() => response.write(': still here\n\n'), beatMs)
  beat.unref()
  response.on('close', () => {
    clearInterval(beat)
    gone.abort()
  })
  response.write(': welcome\n\n')
  return {
    closed: gone.signal,
    send: ({ event, data }) => {
      if (!gone.signal.aborted) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    },
  }
}
