import type { Field } from '../../issuer/index.ts'
import { type OAuth2ProxySettings, type OtherIssuer, pathPattern, routePattern } from '../../sign-in/index.ts'
import type { Overridable } from './overrides.ts'
import type { Reading } from './read-settings.ts'
import type { SignInSettings } from './settings.ts'

const FIELDS = [
  'issuer',
  'clientId',
  'clientSecret',
  'clientSecretFile',
  'redirectUrl',
  'authorizationUrl',
  'tokenUrl',
  'jwksUrl',
  'userInfoUrl',
  'scopes',
  'prompt',
  'pkce',
  'prefix',
  'providerName',
  'signInPage',
  'cookie',
  'userClaim',
  'emailClaim',
  'groupsClaim',
  'emailDomains',
  'allowedGroups',
  'exempt',
  'apiRoutes',
  'returnTo',
  'passIdToken',
  'xAuthRequest',
  'apiErrors',
  'loginKeyFile',
  'completeRedirectUrl',
  'renewAfter',
  'signOutAtIssuer',
  'others',
]

/** `signIn`: whom browsers are sent to, and how a session looks. Undefined: machines only. */
export function readSignIn(
  field: Field,
  scheme: 'http' | 'https',
  reading: Reading,
): SignInSettings | undefined {
  const issuer = reading.optional(field.get('issuer'), 'issuer')
  if (!field.present && issuer === undefined) return undefined
  field.only(FIELDS)
  const need = (name: string, override: Overridable): string => {
    const value = reading.optional(field.get(name), override)
    if (value === undefined) field.complain('error', 'missing-setting', `has no \`${name}\``)
    return value ?? ''
  }
  const url = (name: string): string | undefined => {
    const value = reading.optional(field.get(name))
    if (value !== undefined && !value.startsWith('/') && !URL.canParse(value))
      reading.complain(field.get(name), undefined, 'is not a URL')
    return value
  }
  const endpoints = {
    loginUrl: url('authorizationUrl'),
    redeemUrl: url('tokenUrl'),
    jwksUrl: url('jwksUrl'),
    profileUrl: url('userInfoUrl'),
  }
  const patterns = <T>(name: string, compile: (source: string) => T): readonly T[] =>
    field
      .get(name)
      .list()
      .flatMap((one) => {
        try {
          return [compile(one.text())]
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error)
          one.complain('error', 'bad-pattern', `is no Go regular expression: ${reason}`)
          return []
        }
      })
  const prefix = `/${field
    .get('prefix')
    .text('/oauth2')
    .replace(/^\/+|\/+$/g, '')}`
  const cookie = field.get('cookie')
  cookie.only(['name', 'path', 'domains', 'secure', 'sameSite', 'lifetime'])
  const cookieName = reading.text(cookie.get('name'), 'cookieName', 'kfdoor_session')
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(cookieName))
    reading.complain(cookie.get('name'), 'cookieName', 'is no name a cookie can have')
  const { loginUrl, redeemUrl, jwksUrl, profileUrl } = endpoints
  const prompt = reading.optional(field.get('prompt'))
  const scopes = field.get('scopes').present
    ? field.get('scopes').texts()
    : ['openid', 'email', 'profile', 'groups']
  const settings: OAuth2ProxySettings = {
    issuer: issuer === undefined ? need('issuer', 'issuer') : issuer,
    clientId: need('clientId', 'clientId'),
    clientSecret: secretOf(field, reading),
    // What is given is used, and what is all given needs no discovery.
    skipDiscovery: Boolean(loginUrl && redeemUrl && jwksUrl),
    ...(loginUrl && { loginUrl }),
    ...(redeemUrl && { redeemUrl }),
    ...(jwksUrl && { jwksUrl }),
    ...(profileUrl && { profileUrl }),
    redirectUrl: reading.text(field.get('redirectUrl'), 'redirectUrl', `${prefix}/callback`),
    scope: scopes.join(' '),
    ...(prompt !== undefined && { prompt }),
    codeChallenge: field.get('pkce').flag(true) ? 'S256' : 'none',
    proxyPrefix: prefix,
    providerName: field.get('providerName').text('OpenID Connect'),
    // Who may choose has to see the choice.
    skipProviderButton: !field.get('signInPage').flag(field.get('others').list().length > 0),
    forceJsonErrors: false,
    apiRoutes: patterns('apiRoutes', pathPattern),
    skipAuthRoutes: patterns('exempt', routePattern),
    skipAuthPreflight: false,
    setAuthorizationHeader: field.get('passIdToken').flag(true),
    setXAuthRequest: field.get('xAuthRequest').flag(false),
    passAccessToken: false,
    cookie: {
      name: cookieName,
      path: cookie.get('path').text('/'),
      domains: cookie.get('domains').texts(),
      expireMs: reading.duration(cookie.get('lifetime'), 24 * 3_600_000),
      secure: cookie.get('secure').flag(scheme === 'https'),
      sameSite: reading.choice(cookie.get('sameSite'), undefined, ['Lax', 'Strict', 'None'], 'Lax'),
      csrfExpireMs: 15 * 60_000,
    },
    emailDomains: field.get('emailDomains').present ? field.get('emailDomains').texts() : ['*'],
    allowedGroups: field.get('allowedGroups').texts(),
    whitelistDomains: field.get('returnTo').texts(),
    userIdClaim: field.get('userClaim').text('email'),
    emailClaim: field.get('emailClaim').text('email'),
    groupsClaim: field.get('groupsClaim').text('groups'),
    // Tokens are judged before the sign-in is asked.
    skipJwtBearerTokens: false,
    extraJwtIssuers: [],
    bearerLoginFallback: true,
    completeRedirectUrl: field.get('completeRedirectUrl').flag(false),
    ...(field.get('renewAfter').present && { refreshMs: reading.duration(field.get('renewAfter'), 0) }),
    signOutAtIssuer: field.get('signOutAtIssuer').flag(false),
    others: field
      .get('others')
      .list()
      .map((one) => readOther(one, reading)),
  }
  if (settings.issuer !== '' && !URL.canParse(settings.issuer))
    reading.complain(field.get('issuer'), 'issuer', 'is not a URL')
  const loginKey = loginKeyOf(field.get('loginKeyFile'), reading)
  return {
    style: 'oauth2-proxy',
    settings,
    apiErrors: reading.choice(field.get('apiErrors'), 'apiErrors', ['json', 'release'], 'json'),
    nameSessions: true,
    ...(loginKey && { loginKey }),
  }
}

const OTHER_FIELDS = [
  'name',
  'title',
  'issuer',
  'clientId',
  'clientSecret',
  'clientSecretFile',
  'redirectUrl',
  'scopes',
  'prompt',
  'authorizationUrl',
  'tokenUrl',
  'jwksUrl',
  'userInfoUrl',
]

/** One more issuer people may sign in at. */
function readOther(field: Field, reading: Reading): OtherIssuer {
  field.only(OTHER_FIELDS)
  const need = (name: string): string => {
    const value = reading.optional(field.get(name))
    if (value === undefined) field.complain('error', 'missing-setting', `has no \`${name}\``)
    return value ?? ''
  }
  const name = need('name')
  if (name !== '' && !/^[a-z0-9-]{1,63}$/.test(name))
    reading.complain(field.get('name'), undefined, 'is not lower-case letters, digits and `-`')
  const issuer = need('issuer')
  if (issuer !== '' && !URL.canParse(issuer)) reading.complain(field.get('issuer'), undefined, 'is not a URL')
  const file = reading.optional(field.get('clientSecretFile'))
  const secret =
    file === undefined
      ? reading.optional(field.get('clientSecret'))
      : reading.contents(field.get('clientSecretFile'), file)?.trim()
  const more = (from: string, to: keyof OtherIssuer) => {
    const value = reading.optional(field.get(from))
    return value === undefined ? {} : { [to]: value }
  }
  return {
    name,
    title: reading.optional(field.get('title')) ?? name,
    issuer,
    clientId: need('clientId'),
    clientSecret: secret ?? '',
    ...(field.get('scopes').present && { scope: field.get('scopes').texts().join(' ') }),
    ...more('redirectUrl', 'redirectUrl'),
    ...more('prompt', 'prompt'),
    ...more('authorizationUrl', 'loginUrl'),
    ...more('tokenUrl', 'redeemUrl'),
    ...more('jwksUrl', 'jwksUrl'),
    ...more('userInfoUrl', 'profileUrl'),
  }
}

/** From a file it is in nobody's process list. */
function secretOf(field: Field, reading: Reading): string {
  const file = reading.optional(field.get('clientSecretFile'), 'clientSecretFile')
  const given = reading.optional(field.get('clientSecret'), 'clientSecret')
  if (file === undefined) return given ?? ''
  if (given !== undefined)
    reading.complain(field.get('clientSecret'), 'clientSecret', 'is given twice: in a file too')
  return reading.contents(field.get('clientSecretFile'), file)?.trim() ?? ''
}

function loginKeyOf(field: Field, reading: Reading): Uint8Array | undefined {
  const file = reading.optional(field)
  const text = file === undefined ? undefined : reading.contents(field, file)?.trim()
  if (text === undefined) return undefined
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== 32) reading.complain(field, undefined, 'does not name a file with 32 bytes in base64')
  return bytes
}
