import { createHash } from 'node:crypto'
import { sameSecret } from '../identity/index.ts'
import { tokenError } from './reply.ts'

/** RFC 7636 §4.6, with Dex's words. Undefined when all is well. */
export function judgePkce(challenge: string, method: string, verifier: string): Response | undefined {
  if (verifier === '' && challenge === '') return undefined
  if (challenge === '') {
    return tokenError(400, 'invalid_request', 'No PKCE flow started. Cannot check code_verifier.')
  }
  if (verifier === '') {
    return tokenError(400, 'invalid_grant', 'Expecting parameter code_verifier in PKCE flow.')
  }
  const made = method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier
  return sameSecret(made, challenge) ? undefined : tokenError(400, 'invalid_grant', 'Invalid code_verifier.')
}
