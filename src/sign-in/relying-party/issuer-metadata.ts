import * as oauth from 'oauth4webapi'
import { Fault } from '../../base/index.ts'
import type { IssuerClientOptions } from './issuer-client.ts'
import { reasonOf } from './issuer-words.ts'

const METADATA_KEPT = 10 * 60_000

/** The requests of oauth4webapi, as they are sent here. */
export type SendOptions = (signal?: AbortSignal) => {
  readonly [oauth.customFetch]: (url: string, init: RequestInit) => Promise<Response>
  readonly [oauth.allowInsecureRequests]: true
  readonly signal: AbortSignal
}

/**
 * Where an issuer has its endpoints: as they were given, else as it says itself. What it said is kept for ten
 * minutes, and for longer while it does not answer.
 *
 * @throws Fault ERR_ISSUER_UNREACHABLE from the function, when it never answered
 */
export function createIssuerMetadata(
  { issuer, endpoints = {}, skipDiscovery, clock }: IssuerClientOptions,
  http: SendOptions,
): () => Promise<oauth.AuthorizationServer> {
  let metadata: { readonly server: oauth.AuthorizationServer; readonly until: number } | undefined
  let discovering: Promise<oauth.AuthorizationServer> | undefined
  const discover = async (): Promise<oauth.AuthorizationServer> => {
    const fixed = {
      ...(endpoints.authorization && { authorization_endpoint: endpoints.authorization }),
      ...(endpoints.token && { token_endpoint: endpoints.token }),
      ...(endpoints.jwks && { jwks_uri: endpoints.jwks }),
      ...(endpoints.userinfo && { userinfo_endpoint: endpoints.userinfo }),
    }
    if (skipDiscovery) return { issuer, ...fixed }
    const url = new URL(issuer)
    const found = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, http()))
    return { ...found, ...fixed }
  }
  return async () => {
    if (metadata && metadata.until > clock()) return metadata.server
    discovering ??= discover().finally(() => {
      discovering = undefined
    })
    try {
      const found = await discovering
      metadata = { server: found, until: clock() + METADATA_KEPT }
      return found
    } catch (cause) {
      if (metadata) return metadata.server
      throw new Fault('ERR_ISSUER_UNREACHABLE', { issuer, reason: reasonOf(cause) }, { cause })
    }
  }
}
