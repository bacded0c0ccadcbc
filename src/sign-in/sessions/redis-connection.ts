import { Fault, isFault } from '../../base/index.ts'
import { createRedisClient, isAnswer, type RedisClient } from './redis-client.ts'
import { type RedisOptions, redisName } from './redis-options.ts'

/** One question to whichever node holds `key`. */
export interface RedisConnection {
  /** @throws Fault ERR_SESSIONS_UNREACHABLE: not connected, no answer in time, or an answer that is an error */
  ask(key: string, command: readonly string[]): Promise<unknown>
  /** A script of one key, sent whole only to a Redis that does not know it. */
  script(script: RedisScript, key: string, args: readonly (string | number)[]): Promise<unknown>
  /** Hears `channel`; `lost` is called when something may have gone unheard. Resolves how to stop. */
  hear(channel: string, heard: (message: string) => void, lost: () => void): Promise<void>
  close(): Promise<void>
}

export interface RedisScript {
  readonly text: string
  /** SHA-1 of the text, as EVALSHA wants it. */
  readonly digest: string
}

/** So many questions may wait for an answer; a Redis that hangs must not fill the memory. */
const MOST_WAITING = 10_000
/** A connection that answers nothing for so long is made anew. */
const HUNG_MS = 3000
/** Between two tries to reach a cluster or sentinels that could not be reached. */
const RETRY_MS = 250

/**
 * Keeps a connection to a Redis, its sentinels or its cluster. Nothing waits for one that is down:
 * every question is answered or refused within `timeoutMs`, and while answers are missing only one
 * question at a time is tried, so that a Redis that hangs costs neither time nor memory.
 */
export function connectRedis(options: RedisOptions): RedisConnection {
  const where = redisName(options)
  const { timeoutMs } = options
  let closed = false
  let client: RedisClient | undefined
  /** Settles when the first try to connect has succeeded or failed; undefined from then on. */
  let tried: Promise<unknown> | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  let waiting = 0
  let probing = false
  /** When answers began to be missing; undefined while all is well. */
  let silentSince: number | undefined
  let lastError = 'not connected'
  const listeners: { channel: string; heard: (message: string) => void; lost: () => void }[] = []

  const unreachable = (reason: string, cause?: unknown) =>
    new Fault('ERR_SESSIONS_UNREACHABLE', { where, reason }, { cause })
  const lost = () => {
    for (const one of listeners) one.lost()
  }
  const drop = (one: RedisClient | undefined) => {
    // Its last words are of no interest: it was left because it did not answer.
    void (async () => one?.destroy())().catch(() => {})
  }
  const connect = (): RedisClient => {
    const made = createRedisClient(options)
    client = made
    let firstFailed = () => {}
    const failed = new Promise<void>((done) => {
      firstFailed = done
    })
    made.on('error', (error) => {
      lastError = reasonOf(error)
      firstFailed()
      lost()
    })
    for (const event of ['reconnecting', 'end'] as const) made.on(event, lost)
    const connected = made.connect().then(async () => {
      for (const { channel, heard } of listeners) await made.hear(channel, heard)
    })
    connected.catch((error) => {
      lastError = reasonOf(error)
      // Sentinels or a cluster that are not there give up at once; a later question tries again.
      failedAt = performance.now()
      if (client !== made) return
      drop(made)
      client = undefined
    })
    const first = Promise.race([connected.catch(() => {}), failed])
    tried = first
    void first.then(() => {
      if (tried === first) tried = undefined
    })
    return made
  }
  const renew = () => {
    drop(client)
    client = undefined
    silentSince = performance.now()
    lost()
  }

  /** What the client says, or that it was too late; every question waits for one timer and no more. */
  const send = (current: RedisClient, key: string, command: readonly string[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Late()), timeoutMs)
      const failed = (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      }
      const put = () => {
        if (!current.isUp()) return failed(new Error(lastError))
        current.send(key, command).then((answer) => {
          clearTimeout(timer)
          resolve(answer)
        }, failed)
      }
      const whenTried = () => {
        try {
          put()
        } catch (error) {
          failed(error)
        }
      }
      if (tried === undefined) whenTried()
      else tried.then(whenTried, failed)
    })

  const ask = (key: string, command: readonly string[]): Promise<unknown> => {
    try {
      return answered(key, command)
    } catch (error) {
      return Promise.reject(isFault(error) ? error : explained(error))
    }
  }
  const answered = (key: string, command: readonly string[]): Promise<unknown> => {
    if (closed) throw unreachable('it is closed')
    if (waiting >= MOST_WAITING) throw unreachable('too many questions wait for an answer')
    const silent = silentSince !== undefined
    if (silent && probing) throw unreachable(lastError)
    if (silentSince !== undefined && performance.now() - silentSince > HUNG_MS) renew()
    if (client?.isOver()) {
      drop(client)
      client = undefined
      failedAt = performance.now()
    }
    if (!client && performance.now() - failedAt < RETRY_MS) throw unreachable(lastError)
    const current = client ?? connect()
    if (silent) probing = true
    waiting++
    const settled = () => {
      waiting--
      if (silent) probing = false
    }
    return send(current, key, command).then(
      (answer) => {
        settled()
        silentSince = undefined
        return answer
      },
      (error) => {
        settled()
        throw explained(error)
      },
    )
  }
  /** What went wrong with a question, as its asker hears it. */
  const explained = (error: unknown): unknown => {
    if (error instanceof Late) {
      silentSince ??= performance.now()
      lastError = `no answer within ${timeoutMs} ms`
      return unreachable(lastError, error)
    }
    if (isAnswer(error)) silentSince = undefined
    return isAnswer(error) && isNoScript(error) ? error : unreachable(reasonOf(error), error)
  }

  connect()
  return {
    ask,
    async script({ text, digest }, key, args) {
      const rest = ['1', key, ...args.map(String)]
      try {
        return await ask(key, ['EVALSHA', digest, ...rest])
      } catch (error) {
        if (!isNoScript(error)) throw error
        return await ask(key, ['EVAL', text, ...rest])
      }
    },
    async hear(channel, heard, whenLost) {
      listeners.push({ channel, heard, lost: whenLost })
      await tried
      if (client?.isUp()) await client.hear(channel, heard)
    },
    async close() {
      if (closed) return
      closed = true
      drop(client)
    },
  }
}

class Late extends Error {}

const isNoScript = (error: unknown) => error instanceof Error && error.message.startsWith('NOSCRIPT')

/** Never with what was sent; Redis repeats a wrong command in its error, so that is cut. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed'
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof AggregateError && error.errors[0]) return reasonOf(error.errors[0])
  if (isAnswer(error) && /^(WRONGPASS|NOAUTH|NOPERM)/.test(error.message))
    return 'it does not take the user and password'
  if (isAnswer(error)) return `it answers ${error.message.split(' ')[0]}`
  return code ?? (error.message.slice(0, 120) || error.constructor.name)
}
