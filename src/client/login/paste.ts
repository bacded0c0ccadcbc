import { type Clock, Fault } from '../../base/index.ts'
import { createCookieJar } from '../http/cookie-jar.ts'
import type { Visitor } from '../http/visitor.ts'
import { type RecognisedDoor, serviceOf } from '../recognise.ts'
import { beginSignIn } from './issuer.ts'
import type { Credential, SignedIn } from './outcome.ts'
import { refusalOf } from './refusal.ts'
import { sessionOf } from './session.ts'

/**
 * A sign-in in a browser that is somewhere else, for every door and every identity provider, without any
 * setting at the door. The door begins it here, so what ties the answer to it lies in our jar; the
 * browser goes through the issuer and comes back to the door with the code, where it has no such cookie and
 * sees an error. The address of that page is pasted here, and the code is redeemed with our cookie.
 */
export async function pasteLogin(
  visitor: Visitor,
  door: RecognisedDoor,
  ports: {
    /** Shows the address to open, and reads one line. */
    readonly ask: (url: string) => Promise<string>
    readonly connector?: string
    readonly clock: Clock
  },
): Promise<SignedIn> {
  const { url, request } = await beginSignIn(visitor, door)
  const open = new URL(url)
  if (ports.connector !== undefined) open.searchParams.set('connector_id', ports.connector)
  const pasted = (await ports.ask(open.href)).trim()
  const told = serviceOf(request, visitor.hops.at(-1)?.cookies ?? [])
  const seen = {
    kind: door.kind === 'unknown' ? told.kind : door.kind,
    signOut: door.signOut ?? told.signOut,
    connector: ports.connector,
  }

  if (!/^https?:\/\//i.test(pasted)) return { credential: pastedCookie(pasted, door.url, ports.clock), seen }
  const back = new URL(pasted)
  const state = url.searchParams.get('state')
  if (!visitor.mayVisit(back)) {
    throw new Fault('ERR_FOREIGN_ORIGIN', { door: door.url.origin, target: back.origin })
  }
  if (
    back.searchParams.get('error') === null &&
    (back.searchParams.get('code') === null || back.searchParams.get('state') !== state)
  ) {
    throw new Fault('ERR_USAGE', {
      message: 'that address is not where this sign-in ended: it carries no `code`, or another `state`',
      next: 'paste the address of the last page, with everything behind the `?`',
    })
  }
  const before = new Set(visitor.jar.all().map(({ name, value }) => `${name}=${value}`))
  const walked = await visitor.follow(await visitor.ask(back))
  const session = sessionOf(visitor.jar, door.url, ({ name, value }) => !before.has(`${name}=${value}`))
  if (session) return { credential: session, seen }
  if (walked.kind === 'leaves')
    throw new Fault('ERR_FOREIGN_ORIGIN', { door: door.url.origin, target: walked.to.origin })
  throw refusalOf(walked.answer, door.url)
}

/**
 * `name=value` of a browser's developer tools, several with `; ` between, `Cookie:` in front or not; a
 * Netscape cookie file works as well.
 *
 * @throws Fault ERR_USAGE
 */
export function pastedCookie(
  text: string,
  door: URL,
  clock: Clock,
): Extract<Credential, { kind: 'session' }> {
  const jar = createCookieJar(clock)
  const lines = text.includes('\t') ? netscape(text) : pairs(text)
  jar.take(door, lines)
  const cookies = jar.all()
  if (cookies.length === 0) {
    throw new Fault('ERR_USAGE', {
      message: 'that is no cookie',
      next: 'write it as `NAME=VALUE`, for example `authservice_session=MTY3…`',
    })
  }
  const ends = cookies.map(({ expiresAt }) => expiresAt).filter((end) => end !== undefined)
  return { kind: 'session', cookies, ...(ends.length > 0 ? { expiresAt: Math.min(...ends) } : {}) }
}

const pairs = (text: string) =>
  text
    .replace(/^cookie:\s*/i, '')
    .split(/;\s*/)
    .filter((pair) => /^[^=\s]+=.+$/.test(pair))
    .map((pair) => `${pair}; Path=/`)

const netscape = (text: string) =>
  text
    .split('\n')
    .map((line) => line.replace(/^#HttpOnly_/, '').split('\t'))
    .filter((fields) => fields.length >= 7 && !fields[0]?.startsWith('#'))
    .map(([, , path, , expires, name, value]) => {
      const until = Number(expires)
      const end = until > 0 ? `; Expires=${new Date(until * 1000).toUTCString()}` : ''
      return `${name}=${(value ?? '').trim()}; Path=${path}${end}`
    })
