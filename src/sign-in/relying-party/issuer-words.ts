import * as oauth from 'oauth4webapi'

/** The issuer or a check said no, as opposed to a network that did not carry the question. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof oauth.ResponseBodyError ||
    error instanceof oauth.AuthorizationResponseError ||
    error instanceof oauth.OperationProcessingError ||
    error instanceof oauth.WWWAuthenticateChallengeError
  )
}

export function reasonOf(error: unknown): string {
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError)
    return error.error
  return error instanceof Error ? error.message : String(error)
}
