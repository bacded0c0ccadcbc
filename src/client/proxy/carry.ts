import type { Readable } from 'node:stream'
import { isFault } from '../../base/index.ts'
import { challengeOf, isSignInPage } from '../challenge.ts'
import type { DoorSession, Pass } from '../door-session.ts'
import type { Agent } from '../http/agent.ts'
import { answerJson, type Refusal } from './answer-json.ts'
import { type Answering, type Asking, addTrailers, isGone, write, writeHead } from './answering.ts'
import { bodyText } from './body-text.ts'
import { headersIn, headersOut, type Inward } from './headers.ts'
import { KEPT, type Observe, observed } from './observe.ts'

/** One door as the proxy knows it. */
export interface ProxiedDoor {
  readonly url: URL
  readonly name: string
  readonly agent: Agent
  readonly session: DoorSession
  /** The Host the door is asked for; a model's, where one is proxied. */
  readonly host: string
  /** Before every path at the door: `` or `/kubeflow`. */
  readonly base: string
}

export interface CarryOptions {
  readonly door: ProxiedDoor
  readonly prefix: string
  readonly here: () => string
  readonly observe?: Observe
}

/** A body up to here is held, so that a request can be sent again after a sign-in under way. */
const REPLAYABLE = 1024 * 1024
/** Characters of a page that are looked at, out of its content coding. */
const MUCH = 256 * 1024
/** A longer body is only begun when the door was seen open this lately. */
const FRESH_MS = 10_000

/**
 * Carries requests to one door and its answers back, with the credential added. A door that asks for a
 * sign-in is given the next credential once; a login page never reaches the client.
 */
export class Carrier {
  readonly #options: CarryOptions
  /** When the door last took which pass. */
  #taken: { version: number; at: number } | undefined

  constructor(options: CarryOptions) {
    this.#options = options
  }

  /** @param host asked for in place of the door's own: a model's, where the client says so. */
  async carry(request: Asking, response: Answering, path: string, host?: string): Promise<void> {
    const { door } = this.#options
    try {
      const held = await hold(request)
      for (let attempt = 0; ; attempt++) {
        const first = await door.session.pass(door.url)
        const renewed =
          held.rest !== undefined &&
          (await this.#isShut(first)) &&
          (await door.session.refused(first.version))
        const pass = renewed ? await door.session.pass(door.url) : first
        const outcome = await this.#once(request, response, { path, host: host ?? door.host }, pass, held)
        if (outcome === 'done') return
        const again = attempt === 0 && held.rest === undefined && (await door.session.refused(pass.version))
        if (!again) return answerJson(response, signInAgain(door))
      }
    } catch (error) {
      if (isGone(response)) return
      answerJson(response, refusalOf(error, door))
    }
  }

  /** A body that cannot be sent twice is not begun at a door that will ask for a sign-in first. */
  async #isShut(pass: Pass): Promise<boolean> {
    const taken = this.#taken
    if (taken?.version === pass.version && Date.now() - taken.at < FRESH_MS) return false
    return isShut(this.#options.door, pass)
  }

  async #once(
    request: Asking,
    response: Answering,
    { path, host }: { readonly path: string; readonly host: string },
    pass: Pass,
    held: Held,
  ): Promise<'done' | 'challenged'> {
    const { door, prefix, here, observe } = this.#options
    const dispatcher = await door.agent.dispatcher(door.url)
    const target = `${door.base}${path}`
    const began = performance.now()
    const sessionCookies = new Set(
      (pass.headers.cookie ?? '').split('; ').map((pair) => pair.split('=')[0] ?? ''),
    )
    const inward: Inward = { door: door.url, base: door.base, prefix, here: here(), sessionCookies }
    return new Promise((resolve, reject) => {
      let state: 'head' | 'reading' | 'streaming' | 'over' = 'head'
      let status = 0
      let header: (name: string) => string | undefined = () => undefined
      let kept: Buffer[] = []
      let size = 0
      let control:
        | { pause(): void; resume(): void; abort(reason: Error): void; rawHeaders?: unknown }
        | undefined
      const gone = () => control?.abort(new Error('the client went away'))
      response.once('close', gone)
      const finish = (outcome: 'done' | 'challenged') => {
        if (state === 'over') return
        state = 'over'
        response.off('close', gone)
        if (outcome === 'done') this.#taken = { version: pass.version, at: Date.now() }
        observe?.(
          observed({
            method: request.method ?? 'GET',
            target,
            status,
            header,
            ...(status >= 400 && { body: bodyText(kept, header('content-encoding'), KEPT) }),
            challenged: outcome === 'challenged',
            took: performance.now() - began,
            credential: pass.headers,
          }),
        )
        resolve(outcome)
      }
      const pass_ = () => {
        state = 'streaming'
        const raw = (control?.rawHeaders ?? []) as (string | Buffer)[]
        writeHead(response, status, headersIn(raw, inward))
        response.on('drain', () => control?.resume())
        for (const chunk of kept) if (!write(response, chunk)) control?.pause()
        if (!observe || status < 400) kept = []
      }
      const decide = (whole: boolean) => {
        if (!whole && size < KEPT) return
        if (isSignInPage(bodyText(kept, header('content-encoding'), MUCH), door.url)) {
          finish('challenged')
          control?.abort(new Error('the door asks for a sign-in'))
        } else pass_()
      }
      dispatcher.dispatch(
        {
          origin: door.url.origin,
          path: target,
          method: (request.method ?? 'GET') as 'GET',
          headers: headersOut(request.rawHeaders, pass.headers, host),
          body: held.rest ?? (held.whole.length > 0 ? held.whole : null),
        },
        {
          onRequestStart(controller) {
            control = controller
          },
          onResponseStart(controller, code, headers) {
            if (code < 200) return
            control = controller
            status = code
            header = (name) => {
              const value = headers[name]
              return Array.isArray(value) ? value[0] : value
            }
            const asks = challengeOf({ status, url: door.url, header })
            if (asks === 'yes') {
              finish('challenged')
              controller.abort(new Error('the door asks for a sign-in'))
            } else if (asks === 'read') state = 'reading'
            else pass_()
          },
          onResponseData(controller, chunk) {
            if (state === 'over') return
            if (state === 'reading') {
              kept.push(chunk)
              size += chunk.length
              return decide(false)
            }
            if (observe && status >= 400 && size < KEPT) {
              kept.push(chunk)
              size += chunk.length
            }
            if (!write(response, chunk)) controller.pause()
          },
          onResponseEnd(controller) {
            if (state === 'reading') decide(true)
            if (state !== 'streaming') return
            addTrailers(response, controller.rawTrailers)
            response.end()
            finish('done')
          },
          onResponseError(_controller, error) {
            if (state === 'over') return
            response.off('close', gone)
            if (state === 'streaming') {
              // Cut off: the client must not take it for whole.
              finish('done')
              response.destroy()
            } else {
              state = 'over'
              door.agent.explain(error, door.url).then(reject, reject)
            }
          },
        },
      )
    })
  }
}

/** Asks the door itself whether it takes that pass. */
export async function isShut(door: ProxiedDoor, pass: Pass): Promise<boolean> {
  const answer = await door.agent.send({ url: door.url, headers: pass.headers, limit: KEPT })
  const header = (name: string) => answer.headers.get(name)
  const asks = challengeOf({ status: answer.status, url: door.url, header })
  return asks === 'yes' || (asks === 'read' && isSignInPage(answer.body, door.url))
}

/** A short body, whole; or its beginning joined to the rest of it. */
interface Held {
  readonly whole: Buffer
  readonly rest?: Readable
}

async function hold(request: Asking): Promise<Held> {
  const { headers } = request
  const length = headers['content-length']
  const ended =
    'stream' in request ? request.stream.endAfterHeaders : headers['transfer-encoding'] === undefined
  const none = length === undefined && ended
  if (none || length === '0') return { whole: Buffer.alloc(0) }
  if (length !== undefined && Number(length) <= REPLAYABLE) {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    return { whole: Buffer.concat(parts) }
  }
  // Without a length it may be a stream that waits for answers: it is passed on as it comes.
  return { whole: Buffer.alloc(0), rest: request }
}

export function signInAgain(door: ProxiedDoor): Refusal {
  return {
    status: 401,
    code: 'sign-in-required',
    message: `the door ${door.name} asks for a sign-in`,
    hint: `kfdoor login ${door.url.href}`,
  }
}

export function refusalOf(error: unknown, door: ProxiedDoor): Refusal {
  if (!isFault(error))
    return {
      status: 502,
      code: 'door-unreachable',
      message: `the door ${door.name} did not answer`,
      hint: `kfdoor doctor ${door.url.href}`,
    }
  const credentials = error.code === 'ERR_CREDENTIALS_MISSING' || error.code === 'ERR_CREDENTIALS_EXPIRED'
  return {
    status: credentials ? 401 : 502,
    code: error.number,
    message: error.message,
    hint: `kfdoor ${credentials ? 'login' : 'doctor'} ${door.url.href}`,
  }
}
