import pino from 'pino'
import type { Decided } from '../../authz/index.ts'
import { Fault } from '../../base/index.ts'

/** One line of JSON for each decision and each event; nothing in it is a secret. */
export interface AuditLog {
  decision(decided: Decided): void
  event(name: string, facts: Readonly<Record<string, unknown>>): void
  /** Resolves when what was logged so far is written, or lost. */
  flush(): Promise<void>
  /** Lines that could not be written. */
  readonly lost: number
  close(): void
}

const LONGEST = 512
/** Bytes that are gathered before they are written, and for how long they may wait. */
const BUFFERED = 8 * 1024
const FLUSH_MS = 200

/** A path that came from outside, without its query, where tokens and codes stand. */
const pathOf = (target: string) => {
  const cut = target.search(/[?#]/)
  const path = cut < 0 ? target : target.slice(0, cut)
  return path.length > LONGEST ? `${path.slice(0, LONGEST)}…` : path
}
const short = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)

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
  if (to === undefined) return { decision() {}, event() {}, flush: async () => {}, lost: 0, close() {} }
  let lost = 0
  let destination: ReturnType<typeof pino.destination>
  try {
    // Written beside the request, never in its way, and many lines at once where there are many.
    destination = pino.destination({
      dest: to === '-' ? 2 : to,
      sync: false,
      append: true,
      mkdir: false,
      minLength: BUFFERED,
      periodicFlush: FLUSH_MS,
    })
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unwritable'
    throw new Fault('ERR_FILE_UNWRITABLE', { path: to, reason }, { cause: error })
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
  return {
    decision({ check, verdict, ms, trace }) {
      const refused = verdict.kind !== 'allow'
      // Fields of our own only, so they are written as they are: a logger's detours cost more than the check.
      const line = {
        level: verdict.reason === 'failed' ? 'error' : 'info',
        time: isoTime(),
        event: 'decision',
        id: verdict.id,
        via: check.via,
        method: short(check.method),
        host: short(check.host),
        path: pathOf(check.target),
        verdict: verdict.kind,
        reason: verdict.reason,
        who: verdict.who,
        status: refused ? verdict.status : undefined,
        detail: refused && verdict.detail !== undefined ? short(verdict.detail) : undefined,
        trace: trace?.slice(3, 35),
        us: Math.round(ms * 1000),
      }
      destination.write(`${JSON.stringify(line)}\n`)
    },
    event: (event, facts) => log.info({ event, ...facts }),
    flush: () => new Promise((done) => destination.flush(() => done())),
    get lost() {
      return lost
    },
    close() {
      destination.flushSync()
      if (to !== '-') destination.end()
    },
  }
}
