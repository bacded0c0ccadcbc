import type { HeaderList, Verdict } from './decision.ts'

/** What a proxy's own answer means to the person who sent the request. */
export function verdictOfReply(status: number, headers: HeaderList, reason: string): Verdict {
  if (reason === 'cors-preflight' || reason === 'direct-response') return 'allow'
  if (status >= 300 && status < 400) {
    return reason === 'https-redirect' || reason === 'route-redirect' || reason === 'escaped-slashes'
      ? 'redirect'
      : 'challenge'
  }
  if (status === 404) return 'not-found'
  if (status >= 500) return 'unavailable'
  if (asksToSignIn(status, headers)) return 'challenge'
  // An auth service's 401 says the same to a program: nobody is signed in.
  if (status === 401 && reason === 'provider-denied') return 'challenge'
  return 'deny'
}

/** oauth2-proxy shows its sign-in page with 401 or 403. */
function asksToSignIn(status: number, headers: HeaderList): boolean {
  if (status !== 401 && status !== 403) return false
  return headers.some(
    ([name, value]) => name.toLowerCase() === 'content-type' && /^text\/html\b/i.test(value),
  )
}
