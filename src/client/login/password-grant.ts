import type { Agent } from '../http/agent.ts'
import { type PublicIssuer, postForm } from './issuer.ts'
import { type OAuthClient, refused, type TokenCredential, tokenCredential } from './token-set.ts'

/** Kubeflow's scopes, and a refresh token where the issuer gives one. */
export const scopes = 'openid profile email groups offline_access'

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
  const answer = await postForm(
    agent,
    issuer.token,
    {
      grant_type: 'password',
      ...given,
      scope: scopes,
      client_id: client.id,
      client_secret: client.secret,
    },
    signal,
  )
  if (answer.status !== 200) throw refused(issuer.token, answer, given.username)
  return tokenCredential(answer, issuer, client)
}
