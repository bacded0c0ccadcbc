/** Server-sent events over POST, so that no token stands in an address. */
export interface ServerEvent {
  readonly event: string
  readonly data: unknown
}

/** Calls `take` for each event until the stream ends. @throws Error with the server's words */
export async function readEvents(answer: Response, take: (event: ServerEvent) => void): Promise<void> {
  if (!answer.ok || !answer.body) throw new Error(await answer.text())
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    text += value
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1]
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (event !== undefined && data !== undefined) take({ event, data: JSON.parse(data) })
    }
  }
}
