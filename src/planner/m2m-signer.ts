/** Who signs tokens of service accounts here, and where the keys are: by the kind of cluster, or by its own word. */
import { Fault } from '../base/index.ts'
import { usualIssuers } from './expose/entry.ts'
import { wrong } from './refuse.ts'

/** Those that keep their keys at the API server, then the clouds that publish them. */
export type Distribution =
  | 'kubeadm'
  | 'kind'
  | 'minikube'
  | 'k3s'
  | 'rke2'
  | 'openshift'
  | 'eks'
  | 'gke'
  | 'aks'

export const INTENT = 'm2m enable'

/** What the API server says of its own tokens. */
export interface Discovered {
  readonly issuer: string
  readonly jwksUri: string
  /** Whether RBAC lets the proxy read the keys; undefined = it does not say. */
  readonly mayRead?: boolean
}

export interface SignerAsk {
  readonly distribution?: Distribution
  /** `/.well-known/openid-configuration` */
  readonly discovered?: Discovered
  readonly issuer?: string
  readonly jwksUri?: string
  /** undefined = the gateway's own name; empty = any token of the cluster counts. */
  readonly audiences?: readonly string[]
  /** Of the proxy that hands the keys to the mesh. */
  readonly proxyImage?: string
}

/** Clouds that publish their keys, and where, below their issuer. */
const published: readonly {
  readonly of: Distribution
  readonly issuer: RegExp
  readonly keys: (issuer: string) => string
  readonly example: string
}[] = [
  {
    of: 'eks',
    issuer: /^https:\/\/oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\/id\/[A-Z0-9]+$/,
    keys: (issuer) => `${issuer}/keys`,
    example: 'https://oidc.eks.REGION.amazonaws.com/id/CLUSTER_ID',
  },
  {
    of: 'gke',
    issuer:
      /^https:\/\/container\.googleapis\.com\/v1\/projects\/[^/]+\/(locations|zones)\/[^/]+\/clusters\/[^/]+$/,
    keys: (issuer) => `${issuer}/jwks`,
    example: 'https://container.googleapis.com/v1/projects/PROJECT/locations/LOCATION/clusters/CLUSTER',
  },
  {
    of: 'aks',
    // With its final slash: `iss` of the tokens has it too.
    issuer: /^https:\/\/[a-z0-9-]+\.oic\.prod-aks\.azure\.com\/[0-9a-f-]+\/[0-9a-f-]+\/$/,
    keys: (issuer) => `${issuer}openid/v1/jwks`,
    example: 'https://REGION.oic.prod-aks.azure.com/TENANT_ID/ID/',
  },
]

export interface Signer {
  readonly issuers: readonly string[]
  /** undefined = only the API server has the keys, and it wants to know who asks. */
  readonly jwksUri?: string
  readonly risks: readonly string[]
}

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function signerOf(ask: SignerAsk): Signer {
  const { distribution, discovered, jwksUri } = ask
  const issuer = ask.issuer ?? discovered?.issuer
  const cloud = published.find(({ of, issuer: pattern }) =>
    issuer === undefined ? of === distribution : pattern.test(issuer),
  )
  const keys = jwksUri === undefined ? {} : { jwksUri }
  if (issuer === undefined) {
    if (cloud !== undefined) {
      throw new Fault('ERR_INTENT_REFUSED', {
        intent: INTENT,
        reasons: [`${distribution} signs with an issuer of each cluster’s own, ${cloud.example}`],
        next: 'name it with `--issuer`: kubectl get --raw /.well-known/openid-configuration',
      })
    }
    return {
      ...keys,
      issuers: usualIssuers,
      risks: [
        `the issuer is taken to be ${usualIssuers[0]}, in both spellings${distribution === undefined ? '' : `, as ${distribution} has it`}; compare it with \`kubectl get --raw /.well-known/openid-configuration\``,
      ],
    }
  }
  if (!/^https?:\/\/[^\s@]+$/.test(issuer) || /REGION|CLUSTER_ID|TENANT_ID|PROJECT\b/.test(issuer)) {
    throw new Fault('ERR_USAGE', {
      message: `\`${issuer.replace(/\/\/[^/]*@/, '//…@')}\` is no issuer of a cluster`,
      next: 'see `kubectl get --raw /.well-known/openid-configuration`',
    })
  }
  const named = published.find(({ of }) => of === distribution)
  // One letter off, and no token of the cluster would ever be of that issuer.
  if (named !== undefined && ask.issuer !== undefined && cloud !== named && jwksUri === undefined) {
    throw new Fault('ERR_USAGE', {
      message: `\`${issuer}\` is no issuer of ${distribution}, which writes them ${named.example}`,
      next: 'copy it from `kubectl get --raw /.well-known/openid-configuration`, its last slash too, or leave `--distribution` out',
    })
  }
  const isOwn = (one: string | undefined) => usualIssuers.some((each) => each === one)
  const risks =
    discovered === undefined || discovered.issuer === issuer || (isOwn(issuer) && isOwn(discovered.issuer))
      ? []
      : [`the API server signs as ${discovered.issuer}: what it makes from now on is no token of ${issuer}`]
  if (isOwn(issuer)) return { ...keys, issuers: usualIssuers, risks }
  if (cloud !== undefined) return { issuers: [issuer], jwksUri: jwksUri ?? cloud.keys(issuer), risks }
  // An issuer of one's own (--service-account-issuer): the API server has the keys of that, too.
  return { ...keys, issuers: [issuer], risks }
}

/** @throws Fault ERR_USAGE; credentials in a URL are not repeated */
export function refuseKeysUrl(jwksUri: string): void {
  if (/^https?:\/\/[^\s/@]+(\/[^\s@]*)?$/.test(jwksUri)) return
  wrong(
    '`--jwks-uri` is no address of keys',
    'write `http://HOST/…` or `https://HOST/…`, without credentials',
  )
}

/** @throws Fault ERR_USAGE */
export function refuseOdd({ jwksUri, audiences, proxyImage }: SignerAsk): void {
  if (jwksUri !== undefined) refuseKeysUrl(jwksUri)
  if (audiences?.some((one) => one.trim() === ''))
    wrong('`--audience` is empty', 'name whom tokens have to be for, or say `--any-audience`')
  if (proxyImage !== undefined && !/^[\w][\w./:@-]*$/.test(proxyImage))
    wrong(`\`--proxy-image ${proxyImage}\` is no image`, 'name one with kubectl: `REGISTRY/NAME:TAG`')
}
