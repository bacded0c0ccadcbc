import { type Code, code, PlainRefusal, type Refusal } from './failure.ts'
import { oldSteps } from './old-words.ts'
import type { Traits } from './release.ts'

/** grpc-gateway's table (runtime.HTTPStatusFromCode); 1.x answers 412 where 2.x answers 400. */
const statuses: { readonly [C in Code]: number } = {
  [code.unknown]: 500,
  [code.invalidArgument]: 400,
  [code.notFound]: 404,
  [code.alreadyExists]: 409,
  [code.permissionDenied]: 403,
  [code.failedPrecondition]: 400,
  [code.aborted]: 409,
  [code.unimplemented]: 501,
  [code.internal]: 500,
  [code.unavailable]: 503,
  [code.unauthenticated]: 401,
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/** A refusal in the words and the shape of the release's gateway. */
export function refusalResponse(refusal: Refusal, traits: Traits): Response {
  const told = traits.wording === 'v1' ? refusal.along(oldSteps(refusal.steps)) : refusal
  const plain = told instanceof PlainRefusal
  const external = plain ? told.message : told.external
  const details =
    traits.details === 'api.Error'
      ? { '@type': 'type.googleapis.com/api.Error', error_message: external, error_details: told.message }
      : {
          '@type': 'type.googleapis.com/google.rpc.Status',
          code: plain ? code.unknown : told.code,
          message: external,
        }
  return gatewayError(told.code, told.message, [details], traits)
}

/** What the gateway answers by itself: no route (`notFound`), a body it cannot read (`invalidArgument`). */
export function gatewayError(
  status: Code,
  message: string,
  details: readonly unknown[],
  traits: Traits,
): Response {
  if (traits.gateway === 1) {
    const http = status === code.failedPrecondition ? 412 : statuses[status]
    return json({ error: message, code: status, message, details }, http)
  }
  // grpc-gateway 2 repeats the text in WWW-Authenticate; a header is one line of printable ASCII.
  const challenge = status === code.unauthenticated && /^[\x20-\x7e]*$/.test(message)
  return json(
    { code: status, message, details },
    statuses[status],
    challenge ? { 'www-authenticate': message } : {},
  )
}

/** No such route, or not by this method. Version 1 says so in plain text, version 2 in its usual shape. */
export function unrouted(status: 404 | 405, traits: Traits): Response {
  const text = status === 404 ? 'Not Found' : 'Method Not Allowed'
  if (traits.gateway === 2) {
    return gatewayError(status === 404 ? code.notFound : code.unimplemented, text, [], traits)
  }
  return new Response(`${text}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })
}
