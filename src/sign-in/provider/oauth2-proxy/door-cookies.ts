import type { HeaderList } from '../../../policy/index.ts'
import { type CookieAttributes, clearCookie, setCookie } from '../cookies.ts'
import type { OAuth2ProxySettings } from '../oauth2-proxy-settings.ts'
import type { Question } from '../question.ts'
import { sessionCookie } from '../session-cookie.ts'

type Asked = Pick<Question, 'scheme' | 'host'>

/** The two cookies of a door: the session's, and the one that binds a sign-in to its browser. */
export function createDoorCookies({ cookie, csrfSameSite }: OAuth2ProxySettings) {
  const attributes = ({ scheme, host }: Asked): CookieAttributes => {
    const name = host.replace(/:\d+$/, '').toLowerCase()
    const domain = cookie.domains.find((one) => `.${name}`.endsWith(`.${one.replace(/^\./, '')}`))
    return {
      path: cookie.path,
      // RFC 6265 §5.2.3: a dot in front says nothing.
      ...(domain && { domain: domain.replace(/^\./, '') }),
      secure: cookie.secure || scheme === 'https',
      sameSite: cookie.sameSite,
    }
  }
  const carrier = sessionCookie(cookie.name)
  const csrfName = `${cookie.name}_csrf`
  return {
    csrfName,
    attributes,
    /** The session's id in a browser. */
    carrier,
    /** Only what the browser has needs to be cleared. */
    forgetSession: (question: Question): HeaderList => carrier.clear(question.headers, attributes(question)),
    setCsrf: (asked: Asked, value: string, now: number) => {
      const own = { ...attributes(asked), ...(csrfSameSite && { sameSite: csrfSameSite }) }
      return ['set-cookie', setCookie(csrfName, value, own, now, cookie.csrfExpireMs)] as const
    },
    forgetCsrf: (asked: Asked) => ['set-cookie', clearCookie(csrfName, attributes(asked))] as const,
  }
}
