import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

const DEX = 'http://dex.auth.svc.cluster.local:5556/dex'
const CLIENT = 'kubeflow-oidc-authservice'

/** An issuer for tests: hands out codes for a Location it is shown, as if the user had signed in. */
export async function createFakeIssuer(
  clock: () => number,
  { issuer: ISSUER = DEX, rotating = false }: { readonly issuer?: string; readonly rotating?: boolean } = {},
) {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const codes = new Map<string, { parameters: URLSearchParams; claims: Record<string, unknown> }>()
  const requests: { url: string; body: URLSearchParams; authorization: string | null }[] = []
  /** Refresh tokens that are good, and whose. */
  const refreshable = new Map<string, Record<string, unknown>>()
  let down = false
  let next = 0

  const sign = (claims: Record<string, unknown>, key: CryptoKey = privateKey, lifetime = 86_400) => {
    const now = Math.floor(clock() / 1000)
    return new SignJWT({ iss: ISSUER, aud: CLIENT, iat: now, exp: now + lifetime, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .sign(key)
  }

  const token = async (body: URLSearchParams): Promise<Response> => {
    const refuse = (error: string) => Response.json({ error }, { status: 400 })
    const answer = (id_token: string, claims: Record<string, unknown>) => {
      const refresh_token = `rt-${++next}`
      if (rotating) refreshable.set(refresh_token, claims)
      return Response.json({
        access_token: 'at',
        token_type: 'bearer',
        expires_in: 300,
        id_token,
        ...(rotating && { refresh_token }),
      })
    }
    if (body.get('grant_type') === 'refresh_token') {
      const claims = refreshable.get(body.get('refresh_token') ?? '')
      refreshable.delete(body.get('refresh_token') ?? '')
      return claims ? answer(await sign(claims), claims) : refuse('invalid_grant')
    }
    const entry = codes.get(body.get('code') ?? '')
    codes.delete(body.get('code') ?? '')
    if (!entry) return refuse('invalid_grant')
    const { parameters, claims } = entry
    if (parameters.get('redirect_uri') !== body.get('redirect_uri')) return refuse('invalid_request')
    const challenge = parameters.get('code_challenge')
    const verifier = body.get('code_verifier') ?? ''
    if (challenge !== null && createHash('sha256').update(verifier).digest('base64url') !== challenge)
      return refuse('invalid_grant')
    const id_token = await sign({ nonce: parameters.get('nonce') ?? undefined, ...claims })
    return answer(id_token, claims)
  }

  return {
    issuer: ISSUER,
    client: CLIENT,
    requests,
    sign,
    generateKeyPair,
    setDown(value: boolean) {
      down = value
    },
    /** A logout token, good unless the parts say otherwise (Back-Channel Logout §2.4). */
    logoutToken(parts: Record<string, unknown> = {}, key: CryptoKey = privateKey) {
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
      return sign({ jti: `jti-${++next}`, events, ...parts }, key, 120)
    },
    /** What new tokens say from now on. */
    setClaims(claims: Record<string, unknown>) {
      for (const held of refreshable.values()) Object.assign(held, claims)
    },
    /** Takes every refresh token back. */
    revoke: () => refreshable.clear(),
    /** The callback a browser would come back with, after signing in at this Location. */
    signIn(location: string, claims: Record<string, unknown> = {}): string {
      const url = new URL(location, 'http://door.test')
      const code = `code-${++next}`
      codes.set(code, { parameters: url.searchParams, claims: { ...user, ...claims } })
      const back = new URLSearchParams({ code, state: url.searchParams.get('state') ?? '' })
      return `${url.searchParams.get('redirect_uri')}?${back}`
    },
    async fetch(url: string, init?: RequestInit): Promise<Response> {
      if (down) throw new TypeError('fetch failed')
      const request = new Request(url, init)
      const body = new URLSearchParams(request.method === 'POST' ? await request.text() : '')
      requests.push({ url, body, authorization: request.headers.get('authorization') })
      switch (url.slice(ISSUER.length)) {
        case '/.well-known/openid-configuration':
          return Response.json({
            issuer: ISSUER,
            authorization_endpoint: `${ISSUER}/auth`,
            token_endpoint: `${ISSUER}/token`,
            jwks_uri: `${ISSUER}/keys`,
            userinfo_endpoint: `${ISSUER}/userinfo`,
            end_session_endpoint: `${ISSUER}/logout`,
          })
        case '/keys':
          return Response.json({ keys: [jwk] })
        case '/token':
          return token(body)
      }
      return new Response('not found', { status: 404 })
    },
  }
}

const user = {
  sub: 'CiQwOGE4Njg0Yi1kYjg4LTRiNzMtOTBhOS0zY2QxNjYxZjU0NjYSBWxvY2Fs',
  email: 'user@example.com',
  email_verified: true,
  groups: ['team-a', 'team-b'],
  name: 'user',
}
