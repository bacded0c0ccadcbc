import type { JSONWebKeySet } from 'jose'
import * as oauth from 'oauth4webapi'
import { type Clock, Fault } from '../../base/index.ts'
import { parseCompactJws } from '../../identity/index.ts'
import type { IssuerLogout } from '../sessions/sessions.ts'
import { type BackChannel, deadline, guarded, requireTrustedChannel } from './back-channel.ts'
import { createIssuerKeys } from './issuer-keys.ts'
import { createIssuerMetadata } from './issuer-metadata.ts'
import { isRefusal, reasonOf } from './issuer-words.ts'
import { isLogoutToken, logoutNames, speaksOfLogout } from './logout-token.ts'
import {
  type Claims,
  createTokenCheck,
  matchesAccessToken,
  SKEW_SECONDS,
  type TokenCheck,
} from './token-check.ts'

export type { Claims, TokenCheck } from './token-check.ts'

export interface IssuerClientOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret?: string
  /** As registered, relative ones included: `/oauth2/callback`. */
  readonly redirectUri: string
  /** Given for all that is not to be discovered. */
  readonly endpoints?: {
    readonly authorization?: string
    readonly token?: string
    readonly jwks?: string
    readonly userinfo?: string
  }
  readonly skipDiscovery?: boolean
  /** Signature algorithms that are taken, of those this can verify; all of them without it. */
  readonly algorithms?: readonly string[]
  readonly fetch: BackChannel
  readonly clock: Clock
}

export interface Tokens {
  readonly claims: Claims
  readonly idToken: string
  readonly accessToken: string
  readonly refreshToken?: string
  /** Milliseconds the access token lives, where the issuer says. */
  readonly lifetimeMs?: number
}

/** What came of a code. `refused`: the issuer or a check said no; `unreachable`: nobody could say. */
export type Redeemed =
  | { readonly kind: 'tokens'; readonly tokens: Tokens }
  | {
      readonly kind: 'refused' | 'unreachable'
      readonly stage: 'exchange' | 'id-token'
      readonly reason: string
    }

/** What a session holds of an issuer when it asks for more. */
export interface HeldTokens {
  readonly refreshToken: string
  readonly subject: string
  readonly idToken?: string
}

export interface IssuerClient {
  /** Where browsers are sent. @throws Fault ERR_ISSUER_UNREACHABLE */
  authorizationEndpoint(): Promise<string>
  redeem(
    callback: URLSearchParams,
    attempt: { readonly codeVerifier: string; readonly nonce: string },
    /** Where the issuer sent the browser, when that is not `redirectUri`. */
    sentTo?: string,
    signal?: AbortSignal,
  ): Promise<Redeemed>
  /** New tokens for a refresh token; without an ID token among them the old one stays (Core §12.2). */
  refresh(held: HeldTokens, signal?: AbortSignal): Promise<Redeemed>
  /** Where a browser signs out at the issuer too (RP-Initiated Logout §2.1), if it has such a place. */
  endSessionEndpoint(): Promise<string | undefined>
  /** The word of a back-channel logout; undefined unless every check of its §2.6 holds. */
  logoutOf(logoutToken: string): Promise<IssuerLogout | 'unreachable' | undefined>
  /** Claims of the userinfo endpoint, undefined when there is none or it does not answer. */
  userInfo(tokens: Tokens, signal?: AbortSignal): Promise<Claims | undefined>
  /** A token of this issuer for one of `audiences`; undefined unless every check holds. */
  verify(token: string, audiences: readonly string[], signal?: AbortSignal): Promise<TokenCheck>
}

/**
 * The OpenID Connect client of the auth services (OpenID Connect Core §3.1, RFC 6749 §4.1, RFC 7636,
 * RFC 9207): the exchange and the claim checks are oauth4webapi's. On top, every ID token's
 * signature is verified, because the back channel inside a mesh is plain HTTP.
 *
 * @throws Fault ERR_USAGE when an endpoint is plain HTTP outside the mesh and loopback
 */
export function createIssuerClient(options: IssuerClientOptions): IssuerClient {
  const { issuer, clientId, clientSecret, redirectUri, endpoints = {}, clock } = options
  for (const url of [issuer, endpoints.token, endpoints.jwks, endpoints.userinfo])
    if (url !== undefined) requireTrustedChannel(url)
  const client: oauth.Client = {
    client_id: clientId,
    [oauth.clockTolerance]: SKEW_SECONDS,
    [oauth.clockSkew]: 0,
    // Dex announces RS256 only, older ones nothing at all; `validate` below is the real check.
    id_token_signed_response_alg: undefined,
  }
  const authentication = clientSecret ? basicAuthentication(clientSecret) : oauth.None()
  const send = guarded(options.fetch)
  const http = (signal?: AbortSignal) => ({
    [oauth.customFetch]: (url: string, init: RequestInit) => send(url, init),
    [oauth.allowInsecureRequests]: true as const,
    signal: deadline(signal),
  })

  const server = createIssuerMetadata(options, http)

  const keysFor = createIssuerKeys(async () => {
    const { jwks_uri } = await server()
    if (!jwks_uri) throw new Error('it names no jwks_uri')
    const answer = await send(jwks_uri, { signal: deadline() })
    const set = (await answer.json()) as JSONWebKeySet
    if (answer.status !== 200 || !Array.isArray(set?.keys)) throw new Error('its keys are not a JWK Set')
    return set
  }, clock)

  const verify = createTokenCheck(issuer, options.algorithms, keysFor, clock)
  const sound = async (idToken: string): Promise<Claims | 'unreachable' | undefined> => {
    const checked = await verify(idToken, [clientId])
    return checked.kind === 'valid'
      ? checked.claims
      : checked.kind === 'unreachable'
        ? checked.kind
        : undefined
  }

  return {
    async verify(token, audiences) {
      const checked = await verify(token, audiences)
      return checked.kind === 'valid' && speaksOfLogout(checked.claims) ? { kind: 'invalid' } : checked
    },
    async authorizationEndpoint() {
      const { authorization_endpoint } = await server()
      if (authorization_endpoint) return authorization_endpoint
      throw new Fault('ERR_ISSUER_UNREACHABLE', { issuer, reason: 'it names no authorization endpoint' })
    },
    async redeem(callback, attempt, sentTo = redirectUri, signal) {
      let as: oauth.AuthorizationServer
      try {
        as = await server()
      } catch (error) {
        return { kind: 'unreachable', stage: 'exchange', reason: reasonOf(error) }
      }
      let answer: oauth.TokenEndpointResponse
      try {
        const state = callback.get('state') ?? undefined
        // Throws on a repeated parameter, a wrong `iss`, and an `error`; `state` was checked before.
        const parameters = oauth.validateAuthResponse(as, client, callback, state ?? oauth.expectNoState)
        const response = await oauth.authorizationCodeGrantRequest(
          as,
          client,
          authentication,
          parameters,
          sentTo,
          attempt.codeVerifier,
          http(signal),
        )
        if (response.status >= 500)
          return { kind: 'unreachable', stage: 'exchange', reason: `it answers ${response.status}` }
        answer = await oauth.processAuthorizationCodeResponse(as, clientAt(client, clock), response, {
          expectedNonce: attempt.nonce,
          requireIdToken: true,
        })
      } catch (error) {
        const kind = isRefusal(error) ? 'refused' : 'unreachable'
        return { kind, stage: 'exchange', reason: reasonOf(error) }
      }
      const idToken = answer.id_token as string
      const checked = await verify(idToken, [clientId])
      if (checked.kind !== 'valid')
        return {
          kind: checked.kind === 'unreachable' ? 'unreachable' : 'refused',
          stage: 'id-token',
          reason: `its ID token is ${checked.kind}`,
        }
      if (!matchesAccessToken(idToken, checked.claims.at_hash, answer.access_token))
        return {
          kind: 'refused',
          stage: 'id-token',
          reason: 'its access token is not the one of its ID token',
        }
      return {
        kind: 'tokens',
        tokens: {
          claims: checked.claims,
          idToken,
          accessToken: answer.access_token,
          ...moreOf(answer),
        },
      }
    },
    async refresh({ refreshToken, subject, idToken: former }, signal) {
      const stage = 'exchange'
      try {
        const as = await server()
        const response = await oauth.refreshTokenGrantRequest(
          as,
          client,
          authentication,
          refreshToken,
          http(signal),
        )
        if (response.status >= 500 || response.status === 429)
          return { kind: 'unreachable', stage, reason: `it answers ${response.status}` }
        const answer = await oauth.processRefreshTokenResponse(as, clientAt(client, clock), response)
        const { id_token: fresh } = answer
        if (fresh === undefined && former === undefined)
          return { kind: 'refused', stage: 'id-token', reason: 'it gives no ID token' }
        const idToken = fresh ?? (former as string)
        const claims = fresh === undefined ? parseCompactJws(idToken)?.payload : await sound(fresh)
        if (claims === 'unreachable')
          return { kind: 'unreachable', stage: 'id-token', reason: 'its keys cannot be had' }
        // Another person's tokens would be another session (Core §12.2).
        if (!claims || claims.sub !== subject)
          return {
            kind: 'refused',
            stage: 'id-token',
            reason: 'its new ID token is not good for this session',
          }
        return {
          kind: 'tokens',
          tokens: {
            claims: { ...claims, iss: issuer, sub: subject },
            idToken,
            accessToken: answer.access_token,
            // One that does not rotate is used again.
            refreshToken,
            ...moreOf(answer),
          },
        }
      } catch (error) {
        return { kind: isRefusal(error) ? 'refused' : 'unreachable', stage, reason: reasonOf(error) }
      }
    },
    async endSessionEndpoint() {
      return (await server()).end_session_endpoint
    },
    async logoutOf(logoutToken) {
      const checked = await verify(logoutToken, [clientId], ['exp', 'iat', 'jti'])
      if (checked.kind === 'unreachable') return 'unreachable'
      return checked.kind === 'valid' && isLogoutToken(logoutToken, checked.claims)
        ? { issuer, ...logoutNames(checked.claims) }
        : undefined
    },
    async userInfo(tokens, signal) {
      try {
        const as = await server()
        if (!as.userinfo_endpoint) return undefined
        const response = await oauth.userInfoRequest(as, client, tokens.accessToken, http(signal))
        const claims = await oauth.processUserInfoResponse(as, client, tokens.claims.sub, response)
        return { ...claims, iss: issuer }
      } catch {
        return undefined
      }
    },
  }
}

/** What of a token answer is not always there. */
const moreOf = ({ refresh_token: refreshToken, expires_in: seconds }: oauth.TokenEndpointResponse) => ({
  ...(refreshToken && { refreshToken }),
  ...(seconds !== undefined && { lifetimeMs: seconds * 1000 }),
})

/**
 * client_secret_basic with what URLs leave alone left alone, as Go's clients send it: issuers that
 * forget to decode (RFC 6749 §2.3.1 wants it) still know a client id with a hyphen.
 */
function basicAuthentication(secret: string): oauth.ClientAuth {
  const escaped = (text: string) => new URLSearchParams({ '': text.toWellFormed() }).toString().slice(1)
  return (_server, client, _body, headers) => {
    const credentials = Buffer.from(`${escaped(client.client_id)}:${escaped(secret)}`).toString('base64')
    headers.set('authorization', `Basic ${credentials}`)
  }
}

/** oauth4webapi reads the clock of the machine; the difference to ours makes it read ours. */
function clientAt(client: oauth.Client, clock: Clock): oauth.Client {
  return { ...client, [oauth.clockSkew]: Math.round((clock() - Date.now()) / 1000) }
}
