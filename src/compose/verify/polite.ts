/** Which witnesses are put to a live door at all. What is not asked is listed with the reason. */
import type { Principal } from '../../policy/index.ts'
import { callerName } from '../../regions/index.ts'
import type { PredictedWitness } from './prediction.ts'

export interface Permissions {
  /** Identity headers of somebody else, against one's own namespaces only. */
  readonly probeForged: boolean
  readonly ownNamespaces: readonly string[]
  /** Models scaled to zero are started by a request. */
  readonly wake: boolean
  /** POST, with an empty body. */
  readonly allowPost: boolean
  /** Tokens of other service accounts are asked for. */
  readonly mint: boolean
}

/** Whose credentials are at hand; undefined = nobody's. */
export type Own = Principal | undefined

/** Why it is not asked; undefined = it is. */
export function refusalOf(asked: PredictedWitness, own: Own, allowed: Permissions): string | undefined {
  const { principal, witness, prediction, wakes } = asked
  return (
    neverAsked(witness.method, pathsOf(asked)) ??
    methodRefused(witness.method, allowed) ??
    cannotBeSent(asked) ??
    whoRefused(principal, own, allowed) ??
    (principal.forged ? forgedRefused(asked, allowed) : undefined) ??
    (prediction.verdict === 'unknown' ? `the engine cannot tell: ${prediction.reason}` : undefined) ??
    (wakes !== undefined && !allowed.wake
      ? `it would start ${wakes}, which is scaled to zero; --wake`
      : undefined)
  )
}

/** A request's path as it comes to the door, and as workloads read it. */
function pathsOf({ witness, paths = [] }: PredictedWitness): readonly string[] {
  const own = /^https?:\/\/[^/]*([^?]*)/.exec(witness.url)?.[1] ?? '/'
  return [own, ...paths].map((path) => decoded(path.replace(/\?.*$/, '')).toLowerCase())
}

/** As often as it is escaped: a workload may read it once more than the door. */
function decoded(path: string): string {
  let text = path
  for (let round = 0; round < 3; round++) {
    const before = text
    text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    if (text === before) break
  }
  return text.replace(/\/+/g, '/')
}

/** Segments that end a session, wherever they stand: oauth2-proxy, oidc-authservice, Dex, Keycloak. */
const signOut = /(^|\/)(sign[-_]?out|log[-_]?out|end[-_]?session|revoke|backchannel[-_]?logout)(\/|$)/

/** KServe's and Triton's model repository: V2 `repository/models/NAME/load`, TorchServe's the same. */
const repository = /(^|\/)(un)?load(\/|$)/

/** Jupyter's server: kernels, terminals and sessions run code; RStudio and code-server have the like. */
const kernels =
  /(^|\/)(api\/(kernels?|kernelspecs|terminals?|sessions|contents|shutdown)|terminals|rpc)(\/|$)/

function neverAsked(method: string, paths: readonly string[]): string | undefined {
  if (/^(CONNECT|TRACE|TRACK)$/.test(method)) return `${method} is never asked`
  for (const path of paths) {
    if (signOut.test(path)) return 'it would end a session'
    if (repository.test(path)) return 'it loads or unloads a model'
    if (kernels.test(path)) return 'it speaks to a notebook’s kernels or terminals'
  }
  return undefined
}

const reading = ['GET', 'HEAD', 'OPTIONS']

function methodRefused(method: string, { allowPost }: Permissions): string | undefined {
  if (reading.includes(method)) return undefined
  if (method === 'POST') return allowPost ? undefined : 'POST may change something; --allow-post'
  return `${method} may change something`
}

function cannotBeSent({ witness }: PredictedWitness): string | undefined {
  if (witness.from !== undefined) return `it has to come from ${witness.from}`
  if (witness.sni !== undefined) return 'its server name is another than its host'
  return undefined
}

function whoRefused(principal: Principal, own: Own, { mint }: Permissions): string | undefined {
  if (own !== undefined && isSame(principal, own)) return undefined
  switch (principal.kind) {
    case 'anonymous':
      return undefined
    case 'mesh':
    case 'outside':
      return 'it comes from a pod of the cluster'
    case 'user':
      return 'the session of somebody else'
    case 'service-account':
      if (principal.expired) return 'a token that ran out is not kept by anybody'
      if (isForeign(principal)) return 'a token of another issuer cannot be asked for'
      return mint ? undefined : 'the token of another account; --mint'
  }
}

/** One caller, whatever else he sends; a token says its issuer, where a question leaves the usual one out. */
export function isSame(one: Principal, other: Principal): boolean {
  const [a, b] = [one, other].map((each) => callerName({ ...withoutUsual(each), forged: false }))
  return a === b
}

/** Both ways clusters spell their own issuer. */
const usual = /^https:\/\/kubernetes\.default\.svc(\.cluster\.local)?$/

const isForeign = ({ issuer }: { readonly issuer?: string }) => issuer !== undefined && !usual.test(issuer)

function withoutUsual(principal: Principal): Principal {
  if (principal.kind !== 'service-account' || !usual.test(principal.issuer ?? '')) return principal
  const { issuer: _, ...rest } = principal
  return rest
}

function forgedRefused(
  { namespaces = [] }: PredictedWitness,
  { probeForged, ownNamespaces }: Permissions,
): string | undefined {
  if (!probeForged) return 'it carries a forged identity header; --probe-forged'
  if (ownNamespaces.length === 0)
    return 'a forged header is only sent to a namespace of yours, and none is known; -n'
  if (namespaces.length > 0 && namespaces.every((one) => ownNamespaces.includes(one))) return undefined
  return `a forged header is only sent to a namespace of yours: ${ownNamespaces.join(', ')}`
}
