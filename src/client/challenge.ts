import { isHtml } from './page/door-words.ts'
import { readPage } from './page/html.ts'
import { asksPassword, authorizationRequest, startForm } from './recognise.ts'

/** The head of an answer, as far as it tells whether the door wants a sign-in. */
export interface AnswerHead {
  readonly status: number
  readonly url: URL
  /** A header of the answer; names in lower case. */
  header(name: string): string | null | undefined
}

/**
 * Whether a door asks for a sign-in instead of passing the request on: 401, a redirect to its issuer or
 * its sign-in page, or that page itself with 403. `read` = the first 16 KiB of the body decide, with
 * {@link isSignInPage}. An application's own 403 or 404 is `no`.
 */
export function challengeOf({ status, url, header }: AnswerHead): 'yes' | 'no' | 'read' {
  if (status === 401) return 'yes'
  if (status >= 301 && status <= 308) {
    const location = header('location')
    if (!location) return 'no'
    try {
      const to = new URL(location, url)
      // oauth2-proxy's own places, below whatever prefix it has.
      const begins = /\/(start|sign_in)$/.test(to.pathname)
      const signsIn =
        authorizationRequest(to) !== undefined ||
        (begins && (to.searchParams.has('rd') || /\/oauth2\//.test(to.pathname)))
      return signsIn ? 'yes' : 'no'
    } catch {
      return 'no'
    }
  }
  const html = /\bhtml\b/i.test(header('content-type') ?? '')
  return html && (status === 403 || status === 200) ? 'read' : 'no'
}

/** The page of a door that asks people to sign in. */
export function isSignInPage(body: string, url: URL): boolean {
  if (!isHtml({ headers: new Headers({ 'content-type': 'text/html' }), body })) return false
  const page = readPage(body, url)
  return startForm(page) !== undefined || page.forms.some(asksPassword)
}
