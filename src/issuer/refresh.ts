import { fields } from './authorize.ts'
import { issueTokens, marshalPair, signAccessToken, unmarshalPair } from './claims.ts'
import type { DexClient } from './config.ts'
import type { IssuerContext, Visit } from './context.ts'
import { newId } from './ids.ts'
import { tokenError } from './reply.ts'
import { goList } from './scopes.ts'
import type { RefreshToken } from './store.ts'
import { writeTokens } from './token-response.ts'

const INVALID = 'Refresh token is invalid or has already been claimed by another client.'

/**
 * RFC 6749 §6 with rotation (Dex, server/refreshhandlers.go). One thing is stricter than Dex: a
 * token that was replaced and comes back ends the whole family, for then two hold it and one of
 * them stole it (RFC 9700 §4.14.2).
 */
export async function refreshGrant(
  context: IssuerContext,
  visit: Visit,
  client: DexClient,
): Promise<Response> {
  const { store, clock, config } = context
  const policy = config.expiry.refreshTokens
  const given = visit.body.get('refresh_token') ?? ''
  if (given === '') return tokenError(400, 'invalid_request', 'No refresh token is found in request.')
  const [id, token] = unmarshalPair(given) ?? [given, '']
  const held = store.refreshTokens.get(id)
  if (!held) return tokenError(400, 'invalid_request', INVALID)
  if (held.clientId !== client.id) return tokenError(400, 'invalid_grant', INVALID)

  const now = clock()
  const recent = policy.reuseInterval > 0 && now <= held.lastUsed + policy.reuseInterval
  const late = held.obsoleteToken !== '' && held.obsoleteToken === token
  if (held.token !== token && !(recent && late)) {
    store.refreshTokens.delete(id)
    await store.keep()
    context.log({ kind: 'client-refused', client: client.id, reason: 'refresh token claimed twice' })
    return tokenError(400, 'invalid_request', INVALID)
  }
  if (
    isOver(held.createdAt, policy.absoluteLifetime, now) ||
    isOver(held.lastUsed, policy.validIfNotUsedFor, now)
  ) {
    return tokenError(400, 'invalid_request', 'Refresh token expired.')
  }
  const asked = fields(visit.body.get('scope') ?? '')
  const extra = asked.filter((scope) => !held.scopes.includes(scope))
  if (extra.length > 0) {
    return tokenError(
      400,
      'invalid_request',
      `Requested scopes contain unauthorized scope(s): ${goList(extra)}.`,
    )
  }
  const scopes = asked.length > 0 ? asked : held.scopes

  // Replaced before anything is awaited, so that of two that race one is told of the other.
  const reused = recent
  const next: RefreshToken = reused
    ? held
    : policy.rotate
      ? { ...held, token: newId(), obsoleteToken: held.token, lastUsed: now }
      : { ...held, lastUsed: now }
  store.refreshTokens.put(next)

  let identity = held.identity
  if (!reused) {
    try {
      const fresh = await context.connectors
        .get(held.connectorId)
        ?.refresh(held.identity, { groups: scopes.includes('groups') })
      if (!fresh) {
        store.refreshTokens.delete(id)
        return tokenError(500, 'invalid_request')
      }
      identity = fresh
      const now = store.refreshTokens.get(id)
      // Somebody showed the replaced token meanwhile, and the family was ended.
      if (!now) return tokenError(400, 'invalid_request', INVALID)
      store.refreshTokens.put({ ...now, identity })
    } catch (error) {
      // The directory is down, not the user gone: the old token stays good for the next try.
      store.refreshTokens.put(held)
      const reason = error instanceof Error ? error.message : String(error)
      context.log({ kind: 'connector-failed', connector: held.connectorId, reason })
      return tokenError(500, 'invalid_request')
    }
  }
  await store.keep()
  const grant = { ...held, scopes, identity }
  const accessToken = await signAccessToken(context, grant)
  const { idToken, expiresIn } = await issueTokens(context, grant, { accessToken })
  return writeTokens({ accessToken, idToken, expiresIn, refreshToken: marshalPair(id, next.token) })
}

function isOver(since: number, life: number, now: number): boolean {
  return life > 0 && now > since + life
}
