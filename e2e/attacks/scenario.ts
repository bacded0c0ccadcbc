import { createHash, randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { Browser, codeOf, consent } from './browser.ts'
import type { Attack } from './format.ts'
import { CLIENT_SECRET } from './issuers.ts'
import { attackerJwk, forge, namedToken } from './recipes.ts'
import { cookieName, openWorld, type World } from './world.ts'

/** The tokens a client of the issuer got, through a sign-in of its own with `offline_access`. */
interface ClientTokens {
  readonly refresh: string
  readonly newest: string
}

/** What one attack's placeholders stand for; made when they are first named, and then the same. */
export class Scenario {
  readonly browsers = new Map<string, Browser>()
  readonly #made = new Map<string, Promise<string>>()
  readonly #begun = new Map<string, Promise<{ location: string; state: string }>>()
  #tokens: Promise<ClientTokens> | undefined
  readonly world: World
  readonly attack: Attack

  constructor(world: World, attack: Attack) {
    this.world = world
    this.attack = attack
  }

  browser(name: string): Browser {
    let browser = this.browsers.get(name)
    if (!browser) {
      browser = new Browser(this.world)
      this.browsers.set(name, browser)
    }
    return browser
  }

  begun(name: string): Promise<{ location: string; state: string }> {
    let begun = this.#begun.get(name)
    if (!begun) {
      begun = this.browser(name).begin()
      this.#begun.set(name, begun)
    }
    return begun
  }

  /** A text with every placeholder filled. @throws when one is not known */
  async fill(text: string): Promise<string> {
    let filled = ''
    let at = 0
    for (const found of text.matchAll(/\{\{([^{}]+)\}\}/g)) {
      filled += text.slice(at, found.index) + (await this.value(found[1] as string))
      at = found.index + found[0].length
    }
    return filled + text.slice(at)
  }

  value(name: string): Promise<string> {
    // A new one each time it is named.
    if (name === 'token:many-unknown-kids') return this.#make(name)
    let value = this.#made.get(name)
    if (value === undefined) {
      value = this.#filtered(name)
      this.#made.set(name, value)
    }
    return value
  }

  async #filtered(name: string): Promise<string> {
    const [what = '', ...filters] = name.split('|')
    const [kind = '', who = ''] = what.split(':')
    const session = kind === 'cookie' || kind === 'session-value'
    const [first] = filters
    if (session && first === 'copy-of-logged-out') {
      const cookie = await this.world.session(who)
      await this.world.provider.endSession(cookie)
      return kind === 'cookie' ? cookie : cookie.slice(cookie.indexOf('=') + 1)
    }
    if (session && first === 'age-2h') {
      this.world.shift(-2 * 3_600_000)
      const cookie = await this.world.session(who)
      this.world.shift(0)
      return kind === 'cookie' ? cookie : cookie.slice(cookie.indexOf('=') + 1)
    }
    if (session && first === 'session-of-other-deployment') {
      const other = await openWorld('sign-in-whitelist')
      try {
        const cookie = await other.session(who)
        return kind === 'cookie' ? cookie : cookie.slice(cookie.indexOf('=') + 1)
      } finally {
        await other.close()
      }
    }
    let value = await this.#make(what)
    for (const filter of filters) value = filterOf(filter)(value)
    return value
  }

  async #make(what: string): Promise<string> {
    const { world, attack } = this
    const [kind = '', who = ''] = what.split(':')
    const seconds = Math.floor(world.now() / 1000)
    const now = /^now(?:([+-]\d+))?$/.exec(what)
    if (now) return String(seconds + Number(now[1] ?? 0))
    switch (kind) {
      case 'cookie':
        if (world.opened && who === 'console') return world.opened.cookie
        return world.session(who)
      case 'session-value': {
        const cookie = await world.session(who)
        return cookie.slice(cookie.indexOf('=') + 1)
      }
      case 'plan':
        return who === 'of-other-user' ? 'expose-attacked-000002' : (world.opened?.plan ?? '')
      case 'cookie-name':
        return cookieName
      case 'COOKIE-NAME':
        return cookieName.toUpperCase()
      case 'session-id':
        return 'p'.repeat(43)
      case 'token':
        if (who === '') return forge(world.issuers.forge, attack.token ?? {})
        return who === 'sa'
          ? forge(world.issuers.forge, { base: 'sa', sign: { key: 'cluster' } })
          : namedToken(world.issuers.forge, who)
      case 'access':
        return randomBytes(24).toString('base64url')
      case 'jwk':
        return JSON.stringify(attackerJwk)
      case 'port':
        return String(who === 'attacker' ? world.attacker.port : world.port)
      case 'client-secret':
        return CLIENT_SECRET
      case 'csrf':
        if (world.opened && ['', 'console', 'user'].includes(who)) return world.opened.csrf
        return randomBytes(16).toString('hex')
      case 'state': {
        if (who === '') return this.#authRequest('A')
        return (await this.begun(who)).state
      }
      case 'req':
        return this.#authRequest(who || 'A')
      case 'login-cookie':
        await this.begun(who)
        return this.browser(who).cookieHeader()
      case 'code':
        return this.#code(who)
      case 'refresh':
        return (await this.#clientTokens()).refresh
      case 'gzip-bomb':
        return gzipSync(Buffer.alloc(sizeOf(who))).toString('latin1')
      case 'gzip-bomb-length':
        return String(gzipSync(Buffer.alloc(sizeOf(who))).length)
      case 'cert':
        return world.clientCert.certPem
    }
    throw new Error(`no placeholder \`${what}\` here`)
  }

  /** The issuer's own id of a sign-in begun in that browser, which its form carries. */
  async #authRequest(name: string): Promise<string> {
    const { location } = await this.begun(name)
    const issuer = new Browser(this.world)
    let at = location
    for (let hops = 0; hops < 5; hops++) {
      const url = new URL(at, 'https://door.test')
      const id = url.pathname.endsWith('/login') ? url.searchParams.get('state') : url.searchParams.get('req')
      if (id) return id
      const answer = await issuer.visit(url.pathname + url.search)
      const next = answer.headers.find(([one]) => one === 'location')?.[1]
      if (next === undefined) break
      at = next
    }
    throw new Error('the issuer shows no form')
  }

  async #code(what: string): Promise<string> {
    const [who = '', where] = what.split('-nonce-of-')
    if (what === 'used') {
      const browser = new Browser(this.world)
      const { location } = await browser.begin()
      const callback = await consent(this.world, location, 'user')
      const url = new URL(callback, 'https://door.test')
      await browser.visit(url.pathname + url.search)
      return codeOf(callback)
    }
    const browser = where ?? (who === 'attacker' ? 'B' : 'A')
    const { location } = await this.begun(browser)
    return codeOf(await consent(this.world, location, who))
  }

  /** A refresh token that was used once, and the one that came for it. */
  #clientTokens(): Promise<ClientTokens> {
    this.#tokens ??= (async () => {
      const verifier = randomBytes(32).toString('base64url')
      const query = new URLSearchParams({
        client_id: 'kfdoor',
        redirect_uri: 'https://door.test/oauth2/callback',
        response_type: 'code',
        scope: 'openid email groups offline_access',
        state: 'x',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      })
      const code = codeOf(await consent(this.world, `/dex/auth?${query}`, 'user'))
      const first = await this.token({
        grant_type: 'authorization_code',
        code,
        redirect_uri: 'https://door.test/oauth2/callback',
        code_verifier: verifier,
      })
      const refresh = String(first.refresh_token)
      const second = await this.token({ grant_type: 'refresh_token', refresh_token: refresh })
      return { refresh, newest: String(second.refresh_token) }
    })()
    return this.#tokens
  }

  async newestRefresh(): Promise<string> {
    return (await this.#clientTokens()).newest
  }

  /** The issuer's token endpoint, asked as the client `kfdoor`. */
  async token(form: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
    const answer = await new Browser(this.world).visit('/dex/token', {
      method: 'POST',
      form: { client_id: 'kfdoor', client_secret: CLIENT_SECRET, ...form },
      accept: 'application/json',
    })
    try {
      return { status: answer.status, ...(JSON.parse(answer.body) as object) }
    } catch {
      return { status: answer.status }
    }
  }
}

/** `10MiB`, `100MB`, `1g`: bounded, for this machine's sake. */
function sizeOf(text: string): number {
  const [, amount = '1', unit = 'm'] = /^(\d+)\s*([kmg]?)/i.exec(text) ?? []
  const scale = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()] ?? 1
  return Math.min(Number(amount) * scale, 64 * 1024 ** 2)
}

function filterOf(name: string): (value: string) => string {
  switch (name) {
    case 'urlencode':
      return encodeURIComponent
    case 'truncate-half':
      return (value) => value.slice(0, Math.ceil(value.length / 2))
    case 'upper':
    case 'uppercase':
      return (value) => value.toUpperCase()
    case 'base64':
      return (value) => Buffer.from(value).toString('base64')
  }
  // Whatever else is done to a value, it is no longer that value.
  return (value) => {
    const last = value.at(-1)
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const at = letters.indexOf(last ?? '')
    return value.slice(0, -1) + (at < 0 ? 'A' : letters[at ^ 1])
  }
}
