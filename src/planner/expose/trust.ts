/** Whose tokens count: the rules that have to stand at the gateway and before the pod. */
import type { JwtRule, Mesh } from '../../mesh/index.ts'
import { kubernetesIssuer } from '../../policy/index.ts'
import { refuse } from '../refuse.ts'
import type { ExposeAsk } from './ask.ts'
import { type Entry, isClusterIssuer, usualIssuers } from './entry.ts'

/** A jwtRule as YAML has it. */
export type WrittenRule = Readonly<Record<string, unknown>>

export interface Trust {
  /** Issuers of accounts' tokens, both spellings; empty = no account is meant. */
  readonly accounts: readonly string[]
  /** Issuer of people's ID tokens; undefined = this door hands on a header and no token. */
  readonly people?: string
  /** What the gateway does not read yet. */
  readonly atGateway: readonly WrittenRule[]
  readonly atPod: readonly WrittenRule[]
}

const userHeader = 'kubeflow-userid'

export { userHeader }

/** @throws Fault ERR_INTENT_REFUSED where the keys of accounts' tokens are nowhere */
export function findTrust(mesh: Mesh, ask: ExposeAsk, entry: Entry): Trust {
  const known = new Map(entry.rules.map((rule) => [rule.issuer.value, rule]))
  const wantsAccounts = !ask.public && ask.to.some(({ kind }) => kind === 'sa')
  const wantsPeople = !ask.public && ask.to.some(({ kind }) => kind !== 'sa')
  const accounts = wantsAccounts ? accountIssuers(ask, [...known.keys()]) : []
  const fresh = accounts.filter((issuer) => !known.has(issuer))
  const keys = fresh.length === 0 ? {} : keysOf(mesh, ask, entry)
  const atGateway = fresh.map((issuer) => written(issuer, keys))
  const [people] = [...known.values()].filter(({ issuer }) => !isClusterIssuer(issuer.value))
  return {
    accounts,
    ...(wantsPeople && people !== undefined && { people: people.issuer.value }),
    atGateway,
    // A pod that reads tokens refuses those it does not know: so it knows all the gateway hands on.
    atPod: [...[...known.keys()].map((issuer) => copyOf(entry.rules, issuer)), ...atGateway],
  }
}

/** What accounts' tokens say where it is not what is taken for granted; undefined = that. */
export function ownIssuer({ accounts }: Pick<Trust, 'accounts'>): string | undefined {
  return accounts.includes(kubernetesIssuer) ? undefined : accounts[0]
}

function accountIssuers(ask: ExposeAsk, known: readonly string[]): readonly string[] {
  if (ask.issuers !== undefined) return ask.issuers
  const there = known.filter(isClusterIssuer)
  const usual: readonly string[] = usualIssuers
  // A managed cluster signs with an issuer of its own, and with no other.
  if (there.some((issuer) => !usual.includes(issuer))) return there
  return usual
}

/** Of who signs accounts' tokens: where the mesh reads them already, or where Kubeflow's proxy serves them. */
function keysOf(mesh: Mesh, ask: ExposeAsk, entry: Entry): WrittenRule {
  if (ask.jwksUri !== undefined) return { jwksUri: ask.jwksUri }
  const rules = [...entry.rules, ...mesh.requestAuthentications.flatMap(({ jwtRules }) => jwtRules)]
  const known = rules.find(({ issuer }) => isClusterIssuer(issuer.value))
  if (known?.jwks !== undefined) return { jwks: known.jwks.value }
  if (known?.jwksUri !== undefined) return { jwksUri: known.jwksUri.value }
  const proxy = mesh.services.find(({ name }) => name === 'cluster-jwks-proxy')
  if (proxy !== undefined) {
    return { jwksUri: `http://${proxy.name}.${proxy.namespace}.svc.cluster.local/openid/v1/jwks` }
  }
  return refuse(
    `expose ${ask.name}`,
    [
      "the door has no keys of service accounts' tokens: no RequestAuthentication names them, and there is no Service cluster-jwks-proxy",
    ],
    'say where they are with `--jwks-uri URL`, as the mesh reaches it; or have every account of the cluster taken at the door first: `kfdoor m2m enable`',
  )
}

/** Without the headers a gateway makes of it: before a pod nothing has to be handed on. */
function copyOf(rules: readonly JwtRule[], wanted: string): WrittenRule {
  const same = rules.filter(({ issuer }) => issuer.value === wanted)
  // Of several rules a token has to fit one.
  const audiences = same.every((rule) => rule.audiences?.length)
    ? [...new Set(same.flatMap((rule) => rule.audiences?.map(({ value }) => value) ?? []))]
    : []
  const { jwksUri, jwks } = same.at(-1) ?? {}
  return written(wanted, {
    ...(audiences.length > 0 && { audiences }),
    ...(jwksUri && { jwksUri: jwksUri.value }),
    ...(jwks && { jwks: jwks.value }),
  })
}

/** Of the header alone: what stands in `?access_token=` stays the application's. */
function written(issuer: string, keys: WrittenRule): WrittenRule {
  return {
    issuer,
    ...keys,
    forwardOriginalToken: true,
    fromHeaders: [{ name: 'Authorization', prefix: 'Bearer ' }],
  }
}
