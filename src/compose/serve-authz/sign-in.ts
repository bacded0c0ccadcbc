import { randomBytes } from 'node:crypto'
import type { AuthzDoor, SignIn } from '../../authz/index.ts'
import type { Clock } from '../../base/index.ts'
import {
  type AuthProvider,
  createAuthService,
  createOAuth2Proxy,
  type ProviderPorts,
  type SignInEvent,
} from '../../sign-in/index.ts'
import type { Outside } from './outside.ts'
import type { AuthzSettings, SignInSettings } from './settings.ts'

export interface SignInSeat {
  readonly signIn: SignIn
  /** Undefined where only machines come in. */
  readonly provider?: AuthProvider
  /** The sign-in's own paths. */
  isOwnPath(path: string): boolean
  /** A form an issuer posts; undefined where nobody signs in. */
  readonly posted?: AuthzDoor['posted']
  readonly nameSessions: boolean
}

export interface SignInPorts {
  readonly sessions: ProviderPorts['sessions']
  readonly outside: Outside
  readonly clock: Clock
  readonly log: (event: SignInEvent) => void
  /** For sign-ins in flight, where the settings name no key of their own. */
  readonly loginKey: Uint8Array
  readonly tokenReview?: ProviderPorts['tokenReview']
}

/** One key a process, so that changed settings break nobody's sign-in. */
export const newLoginKey = (): Uint8Array => randomBytes(32)

/** @throws Fault ERR_USAGE when the issuer is plain http outside the mesh */
export function seatSignIn(settings: AuthzSettings, ports: SignInPorts): SignInSeat {
  const { signIn, scheme } = settings
  if (!signIn) return { signIn: nobody, isOwnPath: () => false, nameSessions: false }
  const provider = providerOf(signIn, {
    sessions: ports.sessions,
    fetch: ports.outside.fetch,
    clock: ports.clock,
    // Only a trusted proxy's word is still among the headers.
    scheme: ({ headers }) => {
      const said = headers.find(([name]) => name === 'x-forwarded-proto')?.[1]
      return said === 'https' || said === 'http' ? said : scheme
    },
    loginKey: signIn.loginKey ?? ports.loginKey,
    apiErrors: signIn.apiErrors,
    log: ports.log,
    ...(ports.tokenReview && { tokenReview: ports.tokenReview }),
  })
  const own =
    signIn.style === 'oauth2-proxy'
      ? `${signIn.settings.proxyPrefix}/`
      : signIn.settings.urlPrefix || undefined
  const callback = URL.parse(signIn.settings.redirectUrl, 'https://door.invalid')?.pathname
  return {
    signIn: provider,
    provider,
    async posted(path, form) {
      const answer = await provider.handle(
        new Request(new URL(path, 'http://door.invalid'), {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: form,
        }),
      )
      return { status: answer.status, headers: [...answer.headers], body: await answer.text() }
    },
    isOwnPath: (path) => (own !== undefined && path.startsWith(own)) || path === callback,
    nameSessions: signIn.nameSessions,
  }
}

function providerOf(signIn: SignInSettings, ports: ProviderPorts): AuthProvider {
  return signIn.style === 'oauth2-proxy'
    ? createOAuth2Proxy(signIn.settings, ports)
    : createAuthService(signIn.settings, ports)
}

/** A door for machines only: whoever has no token has nowhere to sign in. */
const nobody: SignIn = {
  check: async () => ({ status: 401, headers: [], about: { kind: 'nobody', api: {} } }),
}
