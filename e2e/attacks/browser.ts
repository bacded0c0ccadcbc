import { PASSWORD } from './issuers.ts'
import { people } from './recipes.ts'
import { type Answer, exchange, requestBytes } from './wire.ts'
import type { World } from './world.ts'

/** A browser at the door: cookies by name, and nothing it was not told. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** One request; its cookies are kept. */
  async visit(
    path: string,
    more: {
      readonly method?: string
      readonly form?: Readonly<Record<string, string>>
      readonly accept?: string
    } = {},
  ): Promise<Answer> {
    const { method = 'GET', form, accept = 'text/html' } = more
    const headers: [string, string][] = [['Accept', accept]]
    if (this.cookies.size > 0) headers.push(['Cookie', this.cookieHeader()])
    if (form) headers.push(['Content-Type', 'application/x-www-form-urlencoded'])
    const body = form ? new URLSearchParams(form).toString() : ''
    const answer = await exchange({ port: this.#world.port }, requestBytes(method, path, headers, body))
    this.keep(answer)
    return answer
  }

  keep(answer: Answer): void {
    for (const [name, value] of answer.headers) {
      if (name !== 'set-cookie') continue
      const [pair = '', ...attributes] = value.split(';')
      const at = pair.indexOf('=')
      const [cookie, content] = [pair.slice(0, at), pair.slice(at + 1)]
      if (content === '' || attributes.some((one) => /max-age=0\b/i.test(one))) this.cookies.delete(cookie)
      else this.cookies.set(cookie, content)
    }
  }

  /** Begins a sign-in: where the issuer is asked, and the state it is bound to. */
  async begin(path = '/oauth2/start'): Promise<{ readonly location: string; readonly state: string }> {
    const location = headerOf(await this.visit(path), 'location') ?? ''
    const state = URL.parse(location, 'https://door.test')?.searchParams.get('state') ?? ''
    return { location, state }
  }
}

export const headerOf = (answer: Answer, name: string): string | undefined =>
  answer.headers.find(([one]) => one === name)?.[1]

const pathOf = (location: string): string => {
  const url = new URL(location, 'https://door.test')
  return url.pathname + url.search
}

/** Presses the issuer's buttons as that person, up to its redirect back; the issuer sets no cookie. */
export async function consent(world: World, location: string, who: string): Promise<string> {
  const issuer = new Browser(world)
  let answer = await issuer.visit(pathOf(location))
  let at = location
  for (let pages = 0; pages < 6; pages++) {
    const next = headerOf(answer, 'location')
    if (next?.includes('/oauth2/callback')) return next
    if (next !== undefined) {
      at = next
      answer = await issuer.visit(pathOf(next))
    } else if (/name="?password/i.test(answer.body)) {
      const action = /<form[^>]*action="([^"]*)"/i.exec(answer.body)?.[1]?.replaceAll('&amp;', '&')
      const login = people[who]?.email ?? who
      answer = await issuer.visit(pathOf(action ?? at), {
        method: 'POST',
        form: { login, password: PASSWORD },
      })
    } else break
  }
  throw new Error(`the issuer did not lead back: ${answer.status} ${answer.body.slice(0, 200)}`)
}

export const codeOf = (callback: string): string =>
  new URL(callback, 'https://door.test').searchParams.get('code') ?? ''
