/** What the console answers to whoever the guard let in. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isFault } from '../base/index.ts'
import { inert, readJson, send, sendJson } from './answer.ts'
import { ExplainThread, type ThreadAnswer } from './explain-thread.ts'
import type { Guard, Refusal } from './guard.ts'
import { type LiveStream, openStream } from './live.ts'
import type { ConsoleOptions, Start } from './options.ts'
import type { PageFiles } from './page-files.ts'
import { readAsk } from './read-ask.ts'

/** Bytes of a request: YAML of a mesh, and a question. */
const mostBody = 4 * 1024 * 1024
const mostStreams = 8
/** Every view of the page; all of them are one document. */
export const views: ReadonlySet<string> = new Set([
  '/',
  '/request',
  '/map',
  '/change',
  '/findings',
  '/live',
  '/tokens',
])

type Json = Readonly<Record<string, unknown>>

const nothingHere: Refusal = { status: 404, words: 'there is nothing here' }

export class Handlers {
  readonly #options: ConsoleOptions
  readonly #guard: Guard
  readonly #page: PageFiles
  readonly #thread: ExplainThread
  readonly #clock: () => number
  #streams = 0

  constructor(options: ConsoleOptions, guard: Guard, page: PageFiles, clock: () => number) {
    const { source, istioVersion } = options
    this.#options = options
    this.#guard = guard
    this.#page = page
    this.#clock = clock
    this.#thread = new ExplainThread({
      inputs: source.inputs,
      ...(istioVersion !== undefined && { istioVersion }),
    })
    this.#thread.warm()
  }

  close(): Promise<void> {
    return this.#thread.close()
  }

  /** @throws Refusal */
  async read(
    { pathname, searchParams }: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (views.has(pathname)) return send(request, response, this.#page.index)
    const asset = this.#page.assets.get(pathname)
    if (asset) return send(request, response, asset)
    if (pathname === '/api/start') return sendJson(request, response, this.#start())
    if (pathname === '/api/doors') return sendJson(request, response, await doorsOf(this.#options))
    if (pathname === '/api/plans') return sendJson(request, response, { plans: this.#options.plans })
    if (pathname !== '/api/path.svg') throw nothingHere
    const refused = this.#guard.checkRate()
    if (refused) throw refused
    const asked = readAsk({
      method: searchParams.get('method') ?? 'GET',
      url: searchParams.get('url') ?? `https://localhost${searchParams.get('path') ?? '/'}`,
      as: searchParams.get('as') ?? 'anonymous',
      headers: searchParams.getAll('header'),
    })
    const dark = searchParams.get('theme') === 'dark'
    const answer = await this.#thread.ask({ do: 'svg', asked, now: this.#clock() / 1000, dark })
    tell(answer, 'image/svg+xml', request, response)
  }

  /** @throws Refusal */
  async write(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request, mostBody)
    switch (path) {
      case '/api/explain':
        return this.#explain(body, request, response)
      case '/api/apply':
        return this.#apply(body, request, response)
      case '/api/sign-out':
        return this.#signOut(body, request, response)
      case '/api/live/walk':
        return this.#stream(response, (live) => this.#walk(String(body.url ?? ''), live))
      case '/api/live/decisions':
        return this.#stream(response, (live) => this.#decisions(String(body.door ?? ''), live))
    }
    throw nothingHere
  }

  async #explain(body: Json, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { yaml, request: question } = body
    if (yaml !== undefined && typeof yaml !== 'string') throw refusal(400, '`yaml` has to be a text')
    const { istioVersion } = this.#options
    const answer = await this.#thread.ask({
      do: 'explain',
      ...(yaml !== undefined && { yaml }),
      ...(istioVersion !== undefined && { istioVersion }),
      asked: readAsk(question ?? {}),
      now: this.#clock() / 1000,
    })
    tell(answer, 'application/json', request, response)
  }

  async #apply(body: Json, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { apply, plans } = this.#options
    if (!apply) throw refusal(403, 'applying stays in the terminal; start with `--allow-apply`')
    const plan = plans.find(({ metadata }) => metadata.name === body.plan)
    if (!plan) throw refusal(403, 'this console was given no such plan')
    try {
      sendJson(request, response, { applied: plan.metadata.name, result: await apply(plan) })
    } catch (error) {
      sendJson(request, response, { failed: wordsOf(error) }, statusOf(error))
    }
  }

  async #signOut(body: Json, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const door = (await this.#options.doors?.())?.find((one) => one.url === body.door)
    if (!door || typeof body.user !== 'string') throw refusal(400, 'there is no such door or session')
    sendJson(request, response, { ended: await door.signOut(body.user) })
  }

  async #stream(response: ServerResponse, run: (live: LiveStream) => Promise<void>): Promise<void> {
    if (this.#streams >= mostStreams) throw refusal(429, 'too many streams are open')
    this.#streams++
    response.on('close', () => this.#streams--)
    const live = openStream(response)
    try {
      await run(live)
    } catch (error) {
      live.send({ event: 'failed', data: { words: wordsOf(error) } })
    }
    response.end()
  }

  async #walk(url: string, live: LiveStream): Promise<void> {
    if (!this.#options.walk) throw new Error('there is nobody here who walks')
    const walked = await this.#options.walk(url, (hop) => live.send({ event: 'hop', data: hop }))
    live.send({ event: 'walked', data: walked })
  }

  async #decisions(url: string, live: LiveStream): Promise<void> {
    const door = (await this.#options.doors?.())?.find((one) => one.url === url)
    if (!door) throw new Error('no such door runs here')
    await door.decisions(
      (decision) => live.send({ event: 'decision', data: decision }),
      live.closed,
      () => live.send({ event: 'door', data: { url: door.url } }),
    )
  }

  #start(): Start {
    const { version, source, before, istioVersion, certificates, plans, apply, walk } = this.#options
    return {
      csrf: this.#guard.csrf,
      version,
      source,
      ...(before && { before }),
      ...(istioVersion !== undefined && { istioVersion }),
      certificates,
      plans,
      allowApply: apply !== undefined,
      canWalk: walk !== undefined,
    }
  }
}

const refusal = (status: Refusal['status'], words: string): Refusal => ({ status, words })

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function tell(answer: ThreadAnswer, type: string, request: IncomingMessage, response: ServerResponse): void {
  if ('text' in answer) {
    const body = type === 'application/json' ? inert(answer.text) : answer.text
    send(request, response, { type, body })
  } else sendJson(request, response, { error: errorOf(answer) }, 422)
}

function errorOf(answer: Exclude<ThreadAnswer, { readonly text: string }>): Json {
  if ('fault' in answer) return { code: answer.fault.number, message: answer.fault.fault }
  return { message: 'stopped' in answer ? 'this takes too long, or too much memory' : answer.failed }
}

/** What was not allowed, what is no longer so, and everything else that stopped a plan. */
function statusOf(error: unknown): number {
  if (!isFault(error)) return 422
  if (/RIGHTS|PERMITTED|REFUSED/.test(error.code)) return 403
  return /STALE|CONFLICT|STATE|BUSY|CHANGED|EDITED/.test(error.code) ? 409 : 422
}

async function doorsOf(options: ConsoleOptions): Promise<readonly unknown[]> {
  const doors = (await options.doors?.()) ?? []
  return Promise.all(
    doors.map(async (door) => {
      try {
        return { url: door.url, sessions: await door.sessions() }
      } catch (error) {
        return { url: door.url, sessions: [], failed: wordsOf(error) }
      }
    }),
  )
}
