/** What somebody who exposes something says. */
import type { Principal } from '../../policy/index.ts'

export type SubjectKind = 'model' | 'notebook' | 'service'

export type Grantee =
  | { readonly kind: 'sa'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'user'; readonly email: string }
  | { readonly kind: 'group'; readonly name: string }

export interface ExposeAsk {
  readonly kind: SubjectKind
  readonly name: string
  readonly namespace?: string
  readonly to: readonly Grantee[]
  /** Anyone with the URL. */
  readonly public: boolean
  /** Tokens of service accounts have to carry it. */
  readonly audience: string
  /** Instead of those its protocol has. */
  readonly methods?: readonly string[]
  /** A host of its own instead of a path on the door's. */
  readonly host?: string
  /** `/serving/team-a/iris`, without a slash at its end. */
  readonly path?: string
  /** `NS/NAME` of the Gateway it is routed at. */
  readonly gateway?: string
  /** Where the keys of service accounts' tokens are. */
  readonly jwksUri?: string
  /** Who signs them. */
  readonly issuers?: readonly string[]
  readonly protocol?: 'v1' | 'v2' | 'openai'
  /** Of a Service with several ports. */
  readonly port?: number
  /** RFC 3339 date or time. */
  readonly until?: string
  readonly timeout: string
}

/** The audience Kubeflow's own auth services take, and its documents mint tokens for. */
export const usualAudience = 'istio-ingressgateway.istio-system.svc.cluster.local'

/** `sa:NS/NAME`, `user:EMAIL`, `group:NAME`; undefined = none of them. */
export function parseGrantee(text: string): Grantee | undefined {
  const account = /^sa:([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)\/([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)$/.exec(
    text,
  )
  if (account !== null) return { kind: 'sa', namespace: account[1] as string, name: account[3] as string }
  const user = /^user:([^\s,*@]+@[^\s,*@]+)$/.exec(text)
  if (user !== null) return { kind: 'user', email: user[1] as string }
  const group = /^group:([^\s,*]+)$/.exec(text)
  return group === null ? undefined : { kind: 'group', name: group[1] as string }
}

export function granteeText(grantee: Grantee): string {
  switch (grantee.kind) {
    case 'sa':
      return `sa:${grantee.namespace}/${grantee.name}`
    case 'user':
      return `user:${grantee.email}`
    case 'group':
      return `group:${grantee.name}`
  }
}

/** As whom proofs ask for them; `issuer` where the cluster signs with one of its own. */
export function principalOf(
  grantee: Grantee,
  { audience }: Pick<ExposeAsk, 'audience'>,
  issuer?: string,
): Principal {
  switch (grantee.kind) {
    case 'sa':
      return {
        kind: 'service-account',
        namespace: grantee.namespace,
        name: grantee.name,
        audience,
        ...(issuer !== undefined && { issuer }),
        forged: false,
      }
    case 'user':
      return { kind: 'user', email: grantee.email, groups: [], forged: false }
    case 'group':
      return { kind: 'user', email: 'member@example.com', groups: [grantee.name], forged: false }
  }
}
