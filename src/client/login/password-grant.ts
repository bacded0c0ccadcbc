import type { Agent } from '../http/agent.ts'
import { askingLess, type PublicIssuer, postForm } from './issuer.ts'
import { type OAuthClient, refused, type TokenCredential, tokenCredential } from './token-set.ts'

/**
 * Resource owner password credentials (RFC 6749 §4.3): one request instead of a walk through forms, where
 * the issuer allows it (Dex: `oauth2.passwordConnector`).
 */
export async function passwordGrant(
  agent: Agent,
  issuer: PublicIssuer,
  client: OAuthClient,
  given: { readonly username: string; readonly password: string },
  signal?: AbortSignal,
): Promise<TokenCredential> {
  const answer = await askingLess(issuer.scope, (scope) =>
    postForm(
      agent,
      issuer.token,
      { grant_type: 'password', ...given, scope, client_id: client.id, client_secret: client.secret },
      signal,
    ),
  )
  if (answer.status !== 200) throw refused(issuer.token, answer, given.username)
  return tokenCredential(answer, issuer, client)
}
