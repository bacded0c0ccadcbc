import { setTimeout } from 'node:timers/promises'
import pino from 'pino'
import type { Decided } from '../../authz/index.ts'
import { Fault, fileTrouble } from '../../base/index.ts'

/** One line of JSON for each decision and each event; nothing in it is a secret. */
export interface AuditLog {
  decision(decided: Decided): void
  event(name: string, facts: Readonly<Record<string, unknown>>): void
  /** Resolves when what was logged so far is written, or lost. */
  flush(): Promise<void>
  /** Lines that could not be written. */
  readonly lost: number
  /** Resolves when all of it is written, or cannot be. */
  close(): Promise<void>
}

const LONGEST = 512
/** Characters that are gathered before they are written, and for how long they may wait. */
const GATHERED = 32 * 1024
const FLUSH_MS = 200
/** How long the end of the process waits for a disk that is slow. */
const LAST_WRITE_MS = 2000

/** A path that came from outside, without its query, where tokens and codes stand. */
const pathOf = (target: string) => {
  let end = target.indexOf('?')
  if (end < 0) end = target.length
  const fragment = target.indexOf('#')
  if (fragment >= 0 && fragment < end) end = fragment
  const path = end === target.length ? target : target.slice(0, end)
  return path.length > LONGEST ? `${path.slice(0, LONGEST)}…` : path
}
const short = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)

const quoted = (text: string) => JSON.stringify(text)

let lastMs = 0
let lastTime = ''
/** Many decisions fall into one millisecond. */
function isoTime(): string {
  const now = Date.now()
  if (now !== lastMs) {
    lastMs = now
    lastTime = new Date(now).toISOString()
  }
  return lastTime
}

/**
 * @param to `-` = standard error, else a file that is appended to; undefined = no log
 *
 * @throws Fault ERR_FILE_UNWRITABLE
 */
export function openAuditLog(to: string | undefined): AuditLog {
  if (to === undefined)
    return { decision() {}, event() {}, flush: async () => {}, lost: 0, close: async () => {} }
  let lost = 0
  let destination: ReturnType<typeof pino.destination>
  try {
    // Written beside the request, never in its way.
    destination = pino.destination({
      dest: to === '-' ? 2 : to,
      sync: false,
      append: true,
      mkdir: false,
      // At none it says that it is flushed before it is.
      minLength: 1,
    })
  } catch (error) {
    throw new Fault('ERR_FILE_UNWRITABLE', { path: to, reason: fileTrouble(error) }, { cause: error })
  }
  destination.on('error', () => {
    lost++
  })
  const log = pino(
    {
      base: null,
      timestamp: () => `,"time":"${isoTime()}"`,
      formatters: { level: (label) => ({ level: label }) },
      // Nothing writes these here; whoever adds a field by mistake is caught.
      redact: {
        paths: ['authorization', 'cookie', 'token', 'headers', 'password', 'clientSecret'],
        censor: '…',
      },
    },
    destination,
  )
  // Many lines at once where there are many; joined here, for the destination measures what it has with each line.
  let gathered = ''
  let timer: NodeJS.Timeout | undefined
  const handOver = () => {
    clearTimeout(timer)
    timer = undefined
    if (gathered === '') return
    destination.write(gathered)
    gathered = ''
  }
  const gather = (line: string) => {
    gathered += line
    if (gathered.length >= GATHERED) handOver()
    else timer ??= globalThis.setTimeout(handOver, FLUSH_MS)
  }
  const flush = (): Promise<void> => {
    handOver()
    return new Promise((done) => destination.flush(() => done()))
  }
  return {
    decision({ check, verdict, ms, trace }) {
      // Fields of our own only, so they are written as they are: a logger's detours cost more than the check.
      let line = `{"level":"${verdict.reason === 'failed' ? 'error' : 'info'}","time":"${isoTime()}","event":"decision","id":${quoted(verdict.id)},"via":"${check.via}","method":${quoted(short(check.method))},"host":${quoted(short(check.host))},"path":${quoted(pathOf(check.target))},"verdict":"${verdict.kind}","reason":"${verdict.reason}"`
      if (verdict.who !== undefined) line += `,"who":${quoted(verdict.who)}`
      if (verdict.kind !== 'allow') {
        line += `,"status":${verdict.status}`
        if (verdict.detail !== undefined) line += `,"detail":${quoted(short(verdict.detail))}`
      }
      if (trace !== undefined) line += `,"trace":${quoted(trace.slice(3, 35))}`
      gather(`${line},"us":${Math.round(ms * 1000)}}\n`)
    },
    event(event, facts) {
      handOver()
      log.info({ event, ...facts })
    },
    flush,
    get lost() {
      return lost
    },
    async close() {
      // What is being written is waited for: it would come behind what follows, or be lost with the process.
      const patience = new AbortController()
      const late = setTimeout(LAST_WRITE_MS, undefined, { signal: patience.signal }).catch(() => {})
      await Promise.race([flush(), late])
      patience.abort()
      destination.flushSync()
      if (to !== '-') destination.end()
    },
  }
}
