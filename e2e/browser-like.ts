import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** One answer, as the client saw it. */
export interface Answer {
  readonly status: number
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/**
 * A client that knows no more than a browser: it keeps cookies by name and path, follows redirects
 * and submits the forms it is shown. It knows nothing of Dex, authservice or oauth2-proxy.
 */
export class BrowserLike {
  readonly cookies = new Map<string, string>()
  readonly visited: string[] = []
  /** Every Set-Cookie line it was sent, in order. */
  readonly setCookies: string[] = []
  readonly #ca: Buffer | undefined

  constructor(caFile: string | null) {
    this.#ca = caFile === null ? undefined : readFileSync(caFile)
  }

  cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** One request, no redirect followed. */
  send(method: string, url: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> {
    const target = new URL(url)
    this.visited.push(`${method} ${url}`)
    return new Promise((done, failed) => {
      const call = (target.protocol === 'https:' ? httpsRequest : httpRequest)(
        target,
        {
          method,
          ca: this.#ca,
          agent: false,
          headers: {
            ...(this.cookies.size > 0 ? { cookie: this.cookieHeader() } : {}),
            ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
        },
        (response) => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('error', failed)
          response.on('end', () => {
            for (const cookie of response.headers['set-cookie'] ?? []) this.#keep(cookie)
            done({
              status: response.statusCode ?? 0,
              url,
              headers: response.headers,
              body: Buffer.concat(parts).toString('utf8'),
            })
          })
        },
      )
      call.on('error', failed)
      call.end(body)
    })
  }

  /** A request, and every redirect after it; at most twenty. */
  async open(url: string, method = 'GET', headers: Record<string, string> = {}, body = ''): Promise<Answer> {
    let answer = await this.send(method, url, headers, body)
    for (let hops = 0; hops < 20; hops++) {
      const location = answer.headers.location
      if (answer.status < 300 || answer.status > 399 || typeof location !== 'string') return answer
      answer = await this.send('GET', new URL(location, answer.url).href)
    }
    throw new Error(`redirected in a loop: ${this.visited.slice(-6).join(' -> ')}`)
  }

  /** Submits the first form of a page with these fields beside its hidden ones. */
  async submit(page: Answer, fields: Readonly<Record<string, string>>): Promise<Answer> {
    const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(page.body)
    if (!form) throw new Error(`no form on ${page.url} (${page.status}): ${page.body.slice(0, 300)}`)
    const [, attributes = '', inner = ''] = form
    const method = (attribute(attributes, 'method') ?? 'get').toUpperCase()
    const action = new URL(attribute(attributes, 'action') ?? '', page.url)
    const values = new URLSearchParams()
    for (const [, input = ''] of inner.matchAll(/<input\b([^>]*)>/gi)) {
      const name = attribute(input, 'name')
      if (name && attribute(input, 'type') === 'hidden') values.set(name, attribute(input, 'value') ?? '')
    }
    for (const [name, value] of Object.entries(fields)) values.set(name, value)
    if (method === 'GET') {
      for (const [name, value] of values) action.searchParams.set(name, value)
      return this.open(action.href)
    }
    return this.open(
      action.href,
      'POST',
      { 'content-type': 'application/x-www-form-urlencoded' },
      values.toString(),
    )
  }

  #keep(cookie: string): void {
    this.setCookies.push(cookie)
    const [pair = '', ...rest] = cookie.split(';')
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
    const age = rest.map((one) => /^\s*max-age=(-?\d+)$/i.exec(one)?.[1]).find((one) => one !== undefined)
    const expires = rest.map((one) => /^\s*expires=(.+)$/i.exec(one)?.[1]).find((one) => one !== undefined)
    const gone =
      age !== undefined ? Number(age) <= 0 : expires !== undefined && Date.parse(expires) <= Date.now()
    if (gone || value === '') this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}

function attribute(text: string, name: string): string | undefined {
  const found = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(text)
  const value = found?.[1] ?? found?.[2]
  return value
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#34;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** Opens `url` and presses whatever stands in the way until it lands on a page without a password field. */
export async function signIn(
  browser: BrowserLike,
  url: string,
  user: { readonly login: string; readonly password: string },
): Promise<Answer> {
  let page = await browser.open(url)
  for (let pages = 0; pages < 5; pages++) {
    if (/name="?password/i.test(page.body)) {
      const answer = await browser.submit(page, { login: user.login, password: user.password })
      if (/name="?password/i.test(answer.body)) return answer
      page = answer
    } else if (/name="?approval/i.test(page.body)) {
      page = await browser.submit(page, { approval: 'approve' })
    } else if (page.status === 403 && /<form/i.test(page.body)) {
      page = await browser.submit(page, {})
    } else {
      return page
    }
  }
  return page
}
