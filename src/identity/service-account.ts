import { randomUUID } from 'node:crypto'
import { type Clock, Fault } from '../base/index.ts'
import { parseCompactJws } from './jws.ts'
import type { SigningKeys } from './signing-keys.ts'

/** Kubernetes' own default, and what Kubeflow's RequestAuthentications name. */
export const CLUSTER_ISSUER = 'https://kubernetes.default.svc.cluster.local'

export interface ServiceAccountIssuerOptions {
  readonly keys: SigningKeys
  readonly clock: Clock
  readonly issuer?: string
}

export interface TokenRequest {
  readonly namespace: string
  readonly name: string
  /** Left out: the issuer itself, as the API server does. */
  readonly audiences?: readonly string[]
  /** Milliseconds; 1 h by default, 10 min at least, as TokenRequest has it. */
  readonly duration?: number
}

/** TokenReview's status (authentication.k8s.io/v1). */
export type TokenReview =
  | {
      readonly authenticated: true
      readonly user: { readonly username: string; readonly uid: string; readonly groups: readonly string[] }
      /** Those asked for that the token has too. */
      readonly audiences: readonly string[]
    }
  | { readonly authenticated: false; readonly error: string }

/** A Kubernetes-like issuer of projected service account tokens. */
export interface ServiceAccountIssuer {
  readonly issuer: string
  /** A token as a pod finds it projected, and when it expires (ms). */
  mint(request: TokenRequest): Promise<{ readonly token: string; readonly expiresAt: number }>
  /**
   * What a TokenReview with these audiences answers (none = the issuer), in the API server's words
   * (kubernetes pkg/serviceaccount/{jwt,claims}.go).
   */
  review(token: string, audiences?: readonly string[]): TokenReview
  /** `/.well-known/openid-configuration` and `/openid/v1/jwks`; everything else is 404. */
  handle(request: Request): Promise<Response>
  jwks: SigningKeys['jwks']
}

const MINUTE = 60_000
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/

/**
 * @example
 * const accounts = serviceAccountIssuer({ keys, clock: Date.now })
 * const { token } = await accounts.mint({ namespace: 'team', name: 'default-editor', audiences: ['pipelines.kubeflow.org'] })
 * accounts.review(token, ['pipelines.kubeflow.org']) // { authenticated: true, user: { username: 'system:serviceaccount:team:default-editor', … } }
 */
export function serviceAccountIssuer(options: ServiceAccountIssuerOptions): ServiceAccountIssuer {
  const { keys, clock } = options
  const issuer = options.issuer ?? CLUSTER_ISSUER
  // One uid per account for as long as this issuer lives, as an object in a cluster has one.
  const uids = new Map<string, string>()
  const uidOf = (account: string) => {
    const uid = uids.get(account) ?? randomUUID()
    uids.set(account, uid)
    return uid
  }

  return {
    issuer,
    jwks: () => keys.jwks(),
    async mint({ namespace, name, audiences = [issuer], duration = 60 * MINUTE }) {
      if (!DNS_LABEL.test(namespace) || namespace.length > 63) {
        throw new Fault('ERR_SERVICE_ACCOUNT_INVALID', { what: 'namespace', value: namespace })
      }
      if (!DNS_SUBDOMAIN.test(name) || name.length > 253) {
        throw new Fault('ERR_SERVICE_ACCOUNT_INVALID', { what: 'name', value: name })
      }
      if (!(duration >= 10 * MINUTE)) {
        throw new Fault('ERR_TOKEN_DURATION', { seconds: duration / 1000, least: 600 })
      }
      const iat = Math.floor(clock() / 1000)
      const exp = iat + Math.floor(duration / 1000)
      const token = await keys.sign({
        aud: [...audiences],
        exp,
        iat,
        iss: issuer,
        jti: randomUUID(),
        'kubernetes.io': {
          namespace,
          serviceaccount: { name, uid: uidOf(`${namespace}/${name}`) },
        },
        nbf: iat,
        sub: `system:serviceaccount:${namespace}:${name}`,
      })
      return { token, expiresAt: exp * 1000 }
    },

    review(token, audiences = []) {
      const wanted = audiences.length > 0 ? audiences : [issuer]
      const refused = (error: string) => ({ authenticated: false, error }) as const
      const jws = keys.verify(token)
      if (!jws) {
        // A text that is no token of this issuer is nobody's; one that says it is has a bad signature.
        const ours = parseCompactJws(token)?.payload.iss === issuer
        const why = ours && '[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]'
        return refused(why || 'invalid bearer token')
      }
      const claims = jws.payload
      if (claims.iss !== issuer) return refused('invalid bearer token')
      const now = Math.floor(clock() / 1000)
      // jwt.Validate's leeway is one minute; an exp in the past by more is told so.
      if (typeof claims.nbf === 'number' && now + 60 < claims.nbf) {
        return refused('[invalid bearer token, service account token is not valid yet]')
      }
      if (typeof claims.exp !== 'number' || now - 60 > claims.exp) {
        return refused('[invalid bearer token, service account token has expired]')
      }
      const has = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
      const both = wanted.filter((audience) => has.includes(audience))
      if (both.length === 0) {
        return refused(
          `[invalid bearer token, token audiences ${goStrings(has)} is invalid for the target audiences ${goStrings(wanted)}]`,
        )
      }
      const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(String(claims.sub))
      const pod = claims['kubernetes.io'] as { serviceaccount?: { uid?: string } } | undefined
      if (!account) return refused('[invalid bearer token, service account name is not valid]')
      return {
        authenticated: true,
        user: {
          username: String(claims.sub),
          uid: pod?.serviceaccount?.uid ?? '',
          groups: ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`, 'system:authenticated'],
        },
        audiences: both,
      }
    },

    async handle(request) {
      const { pathname } = new URL(request.url)
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
      }
      if (pathname === '/.well-known/openid-configuration') {
        return json('application/json', {
          issuer,
          jwks_uri: `${issuer}/openid/v1/jwks`,
          response_types_supported: ['id_token'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: [keys.algorithm],
        })
      }
      if (pathname === '/openid/v1/jwks') return json('application/jwk-set+json', keys.jwks())
      return new Response('404 page not found\n', {
        status: 404,
        headers: { 'content-type': 'text/plain; charset=utf-8' },
      })
    },
  }
}

/** Go's `%q` of a slice: `["a" "b"]`. */
function goStrings(values: readonly unknown[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`
}

function json(type: string, value: unknown): Response {
  return new Response(JSON.stringify(value), {
    headers: { 'content-type': type, 'cache-control': 'public, max-age=3600' },
  })
}
