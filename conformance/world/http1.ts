import type { Readable } from 'node:stream'
import type { HeaderList } from '../../src/policy/index.ts'

/** One HTTP/1.1 message as it stood on the wire: nothing decoded, nothing folded. */
export interface Message {
  /** The request or status line. */
  readonly start: string
  /** Names as sent, in order. */
  readonly headers: HeaderList
  readonly body: string
}

export interface MessageReader {
  /** The next message; undefined = the other side closed before a whole one came. */
  next(bodyless?: boolean): Promise<Message | undefined>
  /** Bytes that came before the first message was asked for. */
  peek(length: number): Promise<Buffer>
  /** Hands the bytes read so far back to the stream. */
  release(): void
}

/**
 * Reads messages one after another. Lenient on purpose: a workload here has to record what it was
 * sent, whatever that is. Text is latin1, so bytes survive.
 */
export function messageReader(stream: Readable): MessageReader {
  let buffered: Buffer = Buffer.alloc(0)
  let ended = false
  let wake: (() => void) | undefined
  const notice = () => {
    wake?.()
    wake = undefined
  }
  const onData = (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
    notice()
  }
  const onEnd = () => {
    ended = true
    notice()
  }
  stream.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd)

  /** More bytes; false = there will be none. */
  const more = async (): Promise<boolean> => {
    if (ended) return false
    const before = buffered.length
    await new Promise<void>((resolve) => {
      wake = resolve
    })
    return buffered.length > before || !ended
  }
  const take = (length: number): string => {
    const text = buffered.toString('latin1', 0, length)
    buffered = buffered.subarray(length)
    return text
  }
  const until = async (mark: string): Promise<string | undefined> => {
    for (;;) {
      const at = buffered.indexOf(mark, 0, 'latin1')
      if (at >= 0) return take(at + mark.length).slice(0, at)
      if (!(await more())) return undefined
    }
  }
  const exactly = async (length: number): Promise<string | undefined> => {
    while (buffered.length < length) if (!(await more())) return undefined
    return take(length)
  }
  const chunked = async (): Promise<string | undefined> => {
    let body = ''
    for (;;) {
      const size = Number.parseInt((await until('\r\n')) ?? '', 16)
      if (Number.isNaN(size)) return undefined
      if (size === 0) break
      body += (await exactly(size)) ?? ''
      await exactly(2)
    }
    for (;;) {
      const trailer = await until('\r\n')
      if (trailer === undefined) return undefined
      if (trailer === '') return body
    }
  }
  const rest = async (): Promise<string> => {
    while (await more());
    return take(buffered.length)
  }

  return {
    async next(bodyless = false) {
      const head = await until('\r\n\r\n')
      if (head === undefined) return undefined
      const [start = '', ...lines] = head.split('\r\n')
      const headers = lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
      })
      const one = (name: string) => headers.find(([each]) => each.toLowerCase() === name)?.[1]
      const isAnswer = start.startsWith('HTTP/')
      const status = isAnswer ? Number(start.slice(9, 12)) : 0
      const length = one('content-length')
      let body: string | undefined = ''
      if (bodyless || status === 204 || status === 304 || (status >= 100 && status < 200)) body = ''
      else if (/\bchunked\b/i.test(one('transfer-encoding') ?? '')) body = await chunked()
      else if (length !== undefined) body = await exactly(Number(length))
      else if (isAnswer) body = await rest()
      return body === undefined ? undefined : { start, headers, body }
    },
    async peek(length) {
      while (buffered.length < length) if (!(await more())) break
      return buffered.subarray(0, length)
    },
    release() {
      stream.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onEnd)
      stream.pause()
      if (buffered.length > 0) stream.unshift(buffered)
      buffered = Buffer.alloc(0)
    },
  }
}

/** Lower-case names, sorted by name; values of one name in the order received. */
export function sortedHeaders(headers: HeaderList, without: readonly string[] = []): HeaderList {
  return headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !without.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

export function headerOf(headers: HeaderList, name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1]
}
