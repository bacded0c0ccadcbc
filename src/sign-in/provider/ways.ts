import type { Clock } from '../../base/index.ts'
import type { BackChannel } from '../relying-party/back-channel.ts'
import { createIssuerClient, type IssuerClient } from '../relying-party/issuer-client.ts'
import type { OAuth2ProxySettings } from './oauth2-proxy-settings.ts'
import type { Question } from './question.ts'

/** One of the issuers a browser may sign in at. */
export interface Way {
  /** Empty for the first. */
  readonly name: string
  readonly title: string
  readonly issuer: string
  readonly clientId: string
  readonly scope: string
  readonly prompt?: string
  readonly client: IssuerClient
  /** Path of the callback, where this way's answers arrive and no other's. */
  readonly callbackPath: string
  /** What the issuer is told to send the browser back to. */
  redirectUri(question: Pick<Question, 'scheme' | 'host'>): string
}

/** The settings' own issuer, and the others. Each answers at a path of its own (RFC 9700 §4.4.2). */
export function waysOf(
  settings: OAuth2ProxySettings,
  ports: { readonly fetch: BackChannel; readonly clock: Clock },
): readonly [Way, ...Way[]] {
  const way = (
    name: string,
    title: string,
    one: Pick<
      OAuth2ProxySettings,
      'issuer' | 'clientId' | 'clientSecret' | 'loginUrl' | 'redeemUrl' | 'jwksUrl' | 'profileUrl'
    >,
    more: { redirectUrl: string; scope: string; prompt?: string; skipDiscovery: boolean },
  ): Way => {
    const { redirectUrl, scope, prompt, skipDiscovery } = more
    const isRelative = redirectUrl.startsWith('/')
    return {
      name,
      title,
      issuer: one.issuer,
      clientId: one.clientId,
      scope,
      ...(prompt !== undefined && { prompt }),
      callbackPath: URL.parse(redirectUrl, 'https://door.invalid')?.pathname ?? redirectUrl,
      redirectUri: ({ scheme, host }) =>
        isRelative && settings.completeRedirectUrl ? `${scheme}://${host}${redirectUrl}` : redirectUrl,
      client: createIssuerClient({
        issuer: one.issuer,
        clientId: one.clientId,
        clientSecret: one.clientSecret,
        redirectUri: redirectUrl,
        endpoints: {
          ...(one.loginUrl && { authorization: one.loginUrl }),
          ...(one.redeemUrl && { token: one.redeemUrl }),
          ...(one.jwksUrl && { jwks: one.jwksUrl }),
          ...(one.profileUrl && { userinfo: one.profileUrl }),
        },
        skipDiscovery,
        ...(settings.signingAlgorithms && { algorithms: settings.signingAlgorithms }),
        ...ports,
      }),
    }
  }
  const { redirectUrl, scope, prompt, skipDiscovery, others = [] } = settings
  const first = way('', settings.providerName, settings, {
    redirectUrl,
    scope,
    ...(prompt !== undefined && { prompt }),
    skipDiscovery,
  })
  return [
    first,
    ...others.map((one) =>
      way(one.name, one.title, one, {
        redirectUrl: one.redirectUrl ?? `${redirectUrl}/${one.name}`,
        scope: one.scope ?? scope,
        ...(one.prompt !== undefined && { prompt: one.prompt }),
        skipDiscovery: Boolean(one.loginUrl && one.redeemUrl && one.jwksUrl),
      }),
    ),
  ]
}
