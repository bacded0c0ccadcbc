import { type Grant, issueTokens, marshalPair, signAccessToken } from './claims.ts'
import type { IssuerContext } from './context.ts'
import { newId } from './ids.ts'
import { json, noStore } from './reply.ts'
import type { Tokens } from './store.ts'

export async function tokenResponse(
  context: IssuerContext,
  grant: Grant,
  bound: { readonly code?: string },
): Promise<Response> {
  return writeTokens(await makeTokens(context, grant, bound))
}

/** Access token, ID token and, with `offline_access`, a refresh token. */
export async function makeTokens(
  context: IssuerContext,
  grant: Grant,
  bound: { readonly code?: string },
): Promise<Tokens> {
  const { store, clock } = context
  const accessToken = await signAccessToken(context, grant)
  const { idToken, expiresIn } = await issueTokens(context, grant, { accessToken, ...bound })
  let refreshToken: string | undefined
  if (grant.scopes.includes('offline_access')) {
    const { clientId, connectorId, scopes, nonce, identity } = grant
    const now = clock()
    const [id, token] = [newId(), newId()]
    // One refresh token per user and client: a new one ends the one before, as in Dex.
    for (const old of store.refreshTokens.values()) {
      const same = old.clientId === clientId && old.connectorId === connectorId
      if (same && old.identity.userId === identity.userId) store.refreshTokens.delete(old.id)
    }
    store.refreshTokens.put({
      id,
      token,
      obsoleteToken: '',
      clientId,
      connectorId,
      scopes,
      nonce,
      identity,
      createdAt: now,
      lastUsed: now,
    })
    refreshToken = marshalPair(id, token)
    await store.keep()
  }
  return { accessToken, idToken, expiresIn, refreshToken }
}

/** RFC 6749 §5.1, members in Dex's order. */
export function writeTokens(tokens: Tokens): Response {
  return json(
    {
      access_token: tokens.accessToken,
      token_type: 'bearer',
      expires_in: tokens.expiresIn,
      refresh_token: tokens.refreshToken,
      id_token: tokens.idToken,
    },
    noStore,
  )
}
