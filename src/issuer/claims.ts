import { createHash } from 'node:crypto'
import type { Identity } from './connectors/connector.ts'
import type { IssuerContext } from './context.ts'
import { newId } from './ids.ts'
import { peerOf } from './scopes.ts'

/** Whom a token is for and about. */
export interface Grant {
  readonly clientId: string
  readonly connectorId: string
  readonly scopes: readonly string[]
  readonly nonce: string
  readonly identity: Identity
}

/**
 * Dex's `sub`: base64url of a protobuf message with the connector's id of the user in field 1 and
 * the connector's id in field 2 (server/internal/types.proto `IDTokenSubject`).
 */
export function subjectOf(userId: string, connectorId: string): string {
  return marshalPair(userId, connectorId)
}

/** Two strings as protobuf fields 1 and 2, base64url; an empty one is left out (proto3). */
export function marshalPair(first: string, second: string): string {
  const field = (tag: number, text: string) => {
    const bytes = Buffer.from(text)
    return bytes.length === 0 ? [] : [Buffer.from([tag, ...varint(bytes.length)]), bytes]
  }
  return Buffer.concat([...field(0x0a, first), ...field(0x12, second)]).toString('base64url')
}

/** The reverse; undefined when it is no such message. */
export function unmarshalPair(text: string): readonly [string, string] | undefined {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length === 0) return undefined
  const found = { 10: '', 18: '' }
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at++]
    const [length, next] = readVarint(bytes, at)
    if ((tag !== 0x0a && tag !== 0x12) || next + length > bytes.length) return undefined
    found[tag] = bytes.toString('utf8', next, next + length)
    at = next + length
  }
  return [found[0x0a], found[0x12]]
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)]
}

function readVarint(bytes: Buffer, start: number): [value: number, next: number] {
  let value = 0
  for (let at = start, shift = 0; at < bytes.length && shift < 28; at++, shift += 7) {
    const byte = bytes[at] as number
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return [value, at + 1]
  }
  return [Number.POSITIVE_INFINITY, start]
}

/** Left half of SHA-256, for `at_hash` and `c_hash` (OpenID Connect Core §3.1.3.6, §3.3.2.11). */
function halfHash(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')
}

/** An ID token, and the seconds it lives. */
export async function issueTokens(
  { config, keys, clock }: IssuerContext,
  grant: Grant,
  bound: { readonly accessToken?: string; readonly code?: string },
): Promise<{ readonly idToken: string; readonly expiresIn: number }> {
  const { clientId, connectorId, scopes, nonce, identity } = grant
  const iat = Math.floor(clock() / 1000)
  const expiresIn = Math.floor(config.expiry.idTokens / 1000)
  const has = (scope: string) => scopes.includes(scope)
  const peers = scopes.flatMap((scope) => peerOf(scope) ?? [])
  const audience = peers.length === 0 || peers.includes(clientId) ? peers : [...peers, clientId]
  const aud = audience.length === 0 ? [clientId] : audience

  // In the order, and with the omissions, of Dex's `idTokenClaims` (server/oauth2.go).
  const claims = {
    iss: config.issuer,
    sub: subjectOf(identity.userId, connectorId),
    aud: aud.length === 1 ? aud[0] : aud,
    exp: iat + expiresIn,
    iat,
    azp: aud.length > 1 ? clientId : undefined,
    nonce: nonce || undefined,
    at_hash: bound.accessToken ? halfHash(bound.accessToken) : undefined,
    c_hash: bound.code ? halfHash(bound.code) : undefined,
    email: (has('email') && identity.email) || undefined,
    email_verified: has('email') ? identity.emailVerified : undefined,
    groups: has('groups') && identity.groups.length > 0 ? identity.groups : undefined,
    name: (has('profile') && identity.username) || undefined,
    preferred_username: (has('profile') && identity.preferredUsername) || undefined,
    federated_claims: has('federated:id')
      ? { connector_id: connectorId, user_id: identity.userId }
      : undefined,
  }
  return { idToken: await keys.sign(claims), expiresIn }
}

/** Dex's access token is an ID token bound to a random string, so that no two are alike. */
export async function signAccessToken(context: IssuerContext, grant: Grant): Promise<string> {
  const { idToken } = await issueTokens(context, grant, { accessToken: newId() })
  return idToken
}
