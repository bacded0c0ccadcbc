import { Fault } from '../../base/index.ts'
import type { Answer } from '../http/agent.ts'
import type { Cookie } from '../http/cookie-jar.ts'
import { isLoopback } from '../http/proxy-env.ts'
import type { Visitor, Walked } from '../http/visitor.ts'
import { cut, isHtml, pageWords } from '../page/door-words.ts'
import { type Form, type Page, readPage } from '../page/html.ts'
import {
  type AuthorizationRequest,
  asksPassword,
  authorizationRequest,
  type RecognisedDoor,
  serviceOf,
  startForm,
} from '../recognise.ts'
import { chooseConnector, connectorsOn } from './connectors.ts'
import { dexBehaviour } from './dex-behaviour.ts'
import type { Connector, Seen, SignedIn } from './outcome.ts'
import { refusalOf } from './refusal.ts'
import { sessionOf } from './session.ts'

export interface PasswordLogin {
  readonly username: string
  readonly password: string
  /** Id or name of one of Dex's connectors; needed where it offers several. */
  readonly connector?: string
  readonly allowPlainHttp?: boolean
}

/** More pages than any door shows: chooser, form, second page, approval. */
const MOST_PAGES = 12

/**
 * Signs in by filling forms as a person would: presses "sign in", follows the connector, types user name
 * and password, grants what is asked. Reads what each page is from its forms and links, so it needs to
 * know neither which auth service nor which Dex stands there. A password goes into one form, once.
 *
 * @throws Fault of the sign-in group, each with the door's own words
 */
export async function passwordLogin(
  visitor: Visitor,
  door: RecognisedDoor,
  given: PasswordLogin,
): Promise<SignedIn> {
  refusePlainHttp(door.url, given.allowPlainHttp)
  const walk = new Walk(visitor, door, given)
  return walk.run()
}

/** @throws Fault ERR_PLAIN_HTTP */
export function refusePlainHttp(url: URL, allowed = false, what = 'a password'): void {
  if (url.protocol === 'https:' || isLoopback(url.hostname) || allowed) return
  throw new Fault('ERR_PLAIN_HTTP', { url: url.origin, what })
}

class Walk {
  readonly #visitor: Visitor
  readonly #door: RecognisedDoor
  readonly #given: PasswordLogin
  #request: AuthorizationRequest | undefined
  #connectors: readonly Connector[] | undefined
  #connector: string | undefined
  #approval = false
  #started = 0
  /** Once the password went in: how many hops there were before, and which cookies. */
  #submitted: { readonly hops: number; readonly before: ReadonlySet<string> } | undefined

  constructor(visitor: Visitor, door: RecognisedDoor, given: PasswordLogin) {
    this.#visitor = visitor
    this.#door = door
    this.#given = given
    this.#request = door.request
  }

  async run(): Promise<SignedIn> {
    let walked = await this.#visitor.follow(this.#door.entry)
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      this.#learn()
      if (walked.kind === 'leaves') throw this.#left(walked)
      const next = await this.#step(walked.answer)
      if (next === undefined) return this.#done()
      walked = next
    }
    throw this.#loop()
  }

  /** Reads one page and does what it asks for; undefined = this is the other side. */
  async #step(answer: Answer): Promise<Walked | undefined> {
    const page = isHtml(answer) ? readPage(answer.body, answer.url) : undefined
    const form = page?.forms.find(asksPassword)
    const start = page && startForm(page)
    // Asked again by a door that had taken the code: it does not keep the session it gave.
    if ((form || start) && this.#cameBack()) throw this.#loop()
    if (page && !this.#session()) {
      if (start) return this.#begin(start)
      if (form) return this.#type(answer, page, form)
      if (answer.status < 400) {
        const approval = approvalForm(page)
        if (approval) return this.#approve(approval)
        const second = page.forms.find(asksForMore)
        if (second && this.#submitted) throw this.#needsBrowser('a page that asks for a second factor')
        const connectors = connectorsOn(page, answer.url)
        if (connectors.length > 0 && !this.#submitted) {
          this.#connectors = connectors.map(({ id, name }) => ({ id, name }))
          const { id, url } = chooseConnector(connectors, this.#given.connector)
          this.#connector = id
          return this.#visitor.follow(await this.#visitor.ask(url))
        }
        const elsewhere = page.forms.find((one) => !this.#visitor.mayVisit(one.action))
        if (elsewhere) throw this.#needsBrowser(elsewhere.action.origin)
      }
    }
    if (this.#session()) return undefined
    throw refusalOf(answer, this.#door.url, this.#secureCookieHint())
  }

  #begin(start: Form): Promise<Walked> {
    // A door that shows its sign-in page again after one was begun did not keep what it set.
    if (++this.#started > 1) throw this.#loop()
    return this.#visitor.submit('GET', start.action, fieldsOf(start))
  }

  async #type(answer: Answer, page: Page, form: Form): Promise<Walked> {
    if (this.#submitted) {
      throw refusalOf(answer, this.#door.url, undefined, {
        user: this.#given.username,
        words: pageWords(page),
        announced: page.alerts.length > 0,
      })
    }
    if (answer.status >= 500 || answer.status === 429) throw refusalOf(answer, this.#door.url)
    refusePlainHttp(form.action, this.#given.allowPlainHttp)
    const fields = fieldsOf(form)
    const login =
      form.fields.find(({ type, name }) => visible(type) && /user|login|mail|name|id/i.test(name)) ??
      form.fields.find(({ type }) => visible(type))
    const password = form.fields.find(({ type }) => type === 'password')
    if (login) fields.set(login.name, this.#given.username)
    if (password) fields.set(password.name, this.#given.password)
    const [button] = form.buttons
    if (button && button.name !== '') fields.set(button.name, button.value)
    const { hops, jar } = this.#visitor
    this.#submitted = { hops: hops.length, before: new Set(jar.all().map(cookieKey)) }
    this.#connector ??= /\/auth\/([^/?]+)/.exec(answer.url.pathname)?.[1]
    return this.#visitor.submit(form.method, form.action, fields)
  }

  #approve(form: Form): Promise<Walked> {
    if (this.#approval) throw this.#loop()
    this.#approval = true
    const fields = fieldsOf(form)
    const yes = form.buttons.find(({ name, text }) => name !== '' && agrees(text)) ?? form.buttons[0]
    if (yes && yes.name !== '') fields.set(yes.name, yes.value)
    return this.#visitor.submit(form.method, form.action, fields)
  }

  /** oauth2-proxy tells where it wants the code only once the sign-in is begun. */
  #learn(): void {
    for (const { url } of this.#visitor.hops) this.#request ??= authorizationRequest(url)
  }

  /** A cookie of the door that came after the password went in. */
  #session() {
    const { before } = this.#submitted ?? {}
    return before && sessionOf(this.#visitor.jar, this.#door.url, (cookie) => !before.has(cookieKey(cookie)))
  }

  /** The code went back to the auth service (RFC 6749 §4.1.2). */
  #cameBack(): boolean {
    const after = this.#visitor.hops.slice(this.#submitted?.hops ?? Number.POSITIVE_INFINITY)
    return after.some(({ url }) => url.searchParams.has('code') && url.searchParams.has('state'))
  }

  #left({ from, to }: Extract<Walked, { kind: 'leaves' }>): Error {
    // An identity provider elsewhere: an authorization request, SAML, or whatever follows a connector.
    const connector = this.#connectorOf(from)
    const signsIn = authorizationRequest(to) !== undefined || to.searchParams.has('SAMLRequest')
    if ((signsIn || connector !== undefined) && !this.#submitted)
      return this.#needsBrowser(to.origin, connector)
    return new Fault('ERR_FOREIGN_ORIGIN', { door: this.#door.url.origin, target: to.origin })
  }

  #connectorOf(from: Answer): string | undefined {
    return this.#connector ?? /\/auth\/([^/?]+)/.exec(from.url.pathname)?.[1]
  }

  #needsBrowser(where: string, connector = this.#connector): Error {
    return new Fault('ERR_NEEDS_BROWSER', { door: this.#door.url.href, where, connector })
  }

  #loop(): Error {
    const paths = this.#visitor.hops.slice(-8).map(({ url }) => url.pathname)
    return new Fault('ERR_REDIRECT_LOOP', {
      door: this.#door.url.origin,
      paths,
      hint: this.#secureCookieHint(),
    })
  }

  /** Cookies that were set and are not there any more: `Secure` over plain HTTP, or another path. */
  #secureCookieHint(): string | undefined {
    if (this.#door.url.protocol === 'https:') return undefined
    const set = new Set(this.#visitor.hops.flatMap(({ cookies }) => cookies))
    const kept = new Set(this.#visitor.jar.all().map(({ name }) => name))
    const lost = [...set].filter((name) => !kept.has(name) && /csrf/i.test(name))
    return lost.length > 0 && !this.#submitted
      ? `the cookie \`${cut(lost[0] ?? '')}\` cannot be kept over plain HTTP; use \`https://\``
      : undefined
  }

  #done(): SignedIn {
    this.#learn()
    const credential = this.#session() ?? { kind: 'none' as const }
    const { kind, signOut } = this.#door
    const told =
      this.#request &&
      serviceOf(
        this.#request,
        this.#visitor.hops.flatMap(({ cookies }) => cookies),
      )
    const seen: Seen = {
      kind: kind === 'unknown' ? (told?.kind ?? kind) : kind,
      connector: this.#connector,
      connectors: this.#connectors,
      approval: this.#approval,
      dex: dexBehaviour(this.#visitor.hops, this.#approval),
      signOut: signOut ?? told?.signOut,
    }
    return { credential, user: this.#given.username, seen }
  }
}

const cookieKey = ({ name, path, value }: Cookie) => `${name}\n${path}\n${value}`

const visible = (type: string) => !['hidden', 'password', 'checkbox', 'radio', 'file'].includes(type)
const agrees = (text: string) => /\b(grant|approve|allow|authori[sz]e|accept|yes|continue)\b/i.test(text)

/** A form of one button that says yes: Dex's `approval=approve`, a consent page of another issuer. */
function approvalForm(page: Page): Form | undefined {
  const post = page.forms.filter(
    ({ method, fields }) => method === 'POST' && !fields.some(({ type }) => visible(type)),
  )
  return (
    post.find(({ fields }) => fields.some(({ name, value }) => name === 'approval' && value === 'approve')) ??
    post.find(({ buttons }) => buttons.some(({ text }) => agrees(text)))
  )
}

const asksForMore = (form: Form) =>
  form.method === 'POST' &&
  form.fields.some(({ type, name }) => visible(type) && /otp|code|token|pin|mfa/i.test(name))

/** What a browser would send of a form nobody touched (HTML 4.10.21.4). */
function fieldsOf(form: Form): URLSearchParams {
  const fields = new URLSearchParams()
  for (const { name, type, value, checked } of form.fields) {
    if ((type === 'checkbox' || type === 'radio') && !checked) continue
    if (type !== 'file') fields.append(name, value)
  }
  return fields
}
