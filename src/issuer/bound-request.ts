import { createHmac, timingSafeEqual } from 'node:crypto'
import { errorReply, type IssuerContext, type Visit } from './context.ts'
import type { AuthRequest } from './store.ts'

/** HMAC-SHA256 of the request's id under its own key. */
export function requestMac(request: AuthRequest): Buffer {
  return createHmac('sha256', request.hmacKey).update(request.id).digest()
}

/**
 * The request a finished sign-in goes on with. Its id alone is not enough: whoever began the flow
 * knows it, and could collect the code of whoever finished it (CVE-2022-39222). The HMAC is only
 * in the redirect that the password earned.
 */
export function authenticRequest(context: IssuerContext, visit: Visit, id: string): AuthRequest | Response {
  const given = visit.form.get('hmac') ?? ''
  if (given === '') return errorReply(visit, 401, 'Unauthorized request')
  const request = context.store.requests.get(id)
  if (!request) return errorReply(visit, 500, 'Database error.')
  if (!request.identity) return errorReply(visit, 500, 'Login process not yet finalized.')
  const [mac, wanted] = [Buffer.from(given, 'base64url'), requestMac(request)]
  if (mac.length !== wanted.length || !timingSafeEqual(mac, wanted)) {
    return errorReply(visit, 401, 'Unauthorized request')
  }
  return request
}
