/**
 * Who may talk to the console. A page on loopback is within reach of every site a person has open and of
 * every program on the machine: names are checked (DNS rebinding), a cookie only the terminal's owner
 * could get is needed, and whatever writes needs a token no other origin can read.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export type Refusal = {
  readonly status: 400 | 403 | 404 | 405 | 413 | 415 | 421 | 429
  readonly words: string
}

/** Wrong tokens in a minute before the door is shut for the rest of it. */
const mostGuesses = 20
/** Calls in a second, averaged over ten. */
const mostCalls = 30

export class Guard {
  readonly #cookie = randomBytes(32).toString('base64url')
  readonly csrf = randomBytes(32).toString('base64url')
  #ticket: string | undefined = randomBytes(24).toString('base64url')
  #guesses: number[] = []
  #calls: number[] = []
  readonly #now: () => number
  #port = 0

  constructor(now: () => number) {
    this.#now = now
  }

  listens(port: number): void {
    this.#port = port
  }

  /** Cookies do not know ports: two consoles on one machine would overwrite each other's. */
  get cookieName(): string {
    return `kfdoor_console_${this.#port}`
  }

  /** Good for one visit; undefined once it was used. */
  get ticket(): string | undefined {
    return this.#ticket
  }

  /** `Set-Cookie` for whoever brought the ticket; a ticket is taken once. */
  redeem(ticket: string): string | Refusal {
    const now = this.#now()
    this.#guesses = this.#guesses.filter((at) => now - at < 60_000)
    if (this.#guesses.length >= mostGuesses)
      return { status: 429, words: 'too many wrong addresses; wait a minute' }
    if (this.#ticket === undefined || !same(ticket, this.#ticket)) {
      this.#guesses.push(now)
      return {
        status: 403,
        words:
          'this address was used, or is not the one the terminal shows; start `kfdoor console` again for a new one',
      }
    }
    this.#ticket = undefined
    return `${this.cookieName}=${this.#cookie}; Path=/; HttpOnly; SameSite=Strict`
  }

  /** Its own names only: a name that was made to point here is somebody else's. */
  checkHost(request: IncomingMessage): Refusal | undefined {
    const hosts = request.headersDistinct.host ?? []
    const [host = ''] = hosts
    const own = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${this.#port}`)
    if (hosts.length === 1 && own.includes(host.toLowerCase())) return undefined
    return { status: 421, words: 'the console answers to localhost only' }
  }

  hasCookie(request: IncomingMessage): boolean {
    const found = (request.headers.cookie ?? '')
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair.startsWith(`${this.cookieName}=`))
    return found.length === 1 && same((found[0] as string).slice(this.cookieName.length + 1), this.#cookie)
  }

  /** Where the browser says a request comes from. A program that says nothing has the cookie, or gets nothing. */
  checkOrigin(request: IncomingMessage, navigation: boolean): Refusal | undefined {
    const site = request.headers['sec-fetch-site']
    const foreign = { status: 403, words: 'the console is asked by its own page only' } as const
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      // Following a link to a view shows it and does nothing.
      if (!(navigation && request.method === 'GET' && request.headers['sec-fetch-mode'] === 'navigate'))
        return foreign
    }
    const { origin } = request.headers
    if (origin === undefined) return undefined
    return origin === `http://${request.headers.host?.toLowerCase()}` ? undefined : foreign
  }

  checkWrite(request: IncomingMessage): Refusal | undefined {
    const given = request.headers['x-csrf-token']
    if (typeof given !== 'string' || !same(given, this.csrf))
      return { status: 403, words: 'the token of the page is missing' }
    if (!/^application\/json(;\s*charset=utf-8)?$/i.test(request.headers['content-type'] ?? ''))
      return { status: 415, words: 'send application/json' }
    return undefined
  }

  /** A page asks a few times a second at most; what asks more often is not one. */
  checkRate(): Refusal | undefined {
    const now = this.#now()
    this.#calls = this.#calls.filter((at) => now - at < 10_000)
    if (this.#calls.length >= mostCalls * 10) return { status: 429, words: 'too many calls; wait a moment' }
    this.#calls.push(now)
    return undefined
  }
}

/** In a time that tells nothing of where two texts part. */
function same(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
