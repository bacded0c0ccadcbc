/**
 * Which DestinationRule is a proxy's for a host, and how the proxy then speaks to it. Agrees with
 * istiod's `push_context.go` (destinationRule), `destination_rule.go` (mergeDestinationRule) and
 * `cluster_traffic_policy.go`.
 */
import { type DestinationRule, isSubsetOf, type Mesh } from '../mesh/index.ts'
import { byAge } from './attach.ts'
import { resolveShortName } from './hostname.ts'
import { offersMutual } from './peer-authentication.ts'

/** What is looked up: a host, in whose namespace it lies, and who asks. */
export interface Asked {
  readonly host: string
  readonly serviceNamespace: string
  readonly proxyNamespace: string
}

/**
 * The rules that hold together, the oldest first; empty = none. They are looked for in the proxy's
 * namespace, then the Service's, then the root's; the first that has one for the host decides. For a
 * proxy of the root namespace only rules kept for it alone come first. The most specific name counts
 * before it is asked who may see that.
 */
export function rulesFor(mesh: Mesh, asked: Asked): readonly DestinationRule[] {
  const { rootNamespace } = mesh.meshConfig
  const { proxyNamespace, serviceNamespace } = asked
  const atRoot = proxyNamespace === rootNamespace
  const here = ['*', '.', proxyNamespace]
  const mine = (rule: DestinationRule) =>
    atRoot ? isPrivate(mesh, rule) : selects(rule) || isExported(rule, here)
  const own = together(mostSpecific(mesh, asked, proxyNamespace, mine), here)
  if (own.length > 0) return own
  for (const namespace of [serviceNamespace, rootNamespace]) {
    const shared = mostSpecific(mesh, asked, namespace, (rule) => !isPrivate(mesh, rule))
    const found = together(shared, ['*', proxyNamespace])
    if (found.length > 0) return found
  }
  return []
}

function mostSpecific(
  mesh: Mesh,
  { host }: Asked,
  namespace: string,
  counts: (rule: DestinationRule) => boolean,
): readonly DestinationRule[] {
  const found = mesh.destinationRules
    .filter((rule) => rule.namespace === namespace && counts(rule))
    .map((rule) => ({ rule, name: resolveShortName(rule.host.value, namespace) }))
    .filter(({ name }) => isSubsetOf(host, name))
    .sort((a, b) => rank(b.name) - rank(a.name) || byAge(a.rule, b.rule))
  return found.filter(({ name }) => name === found[0]?.name).map(({ rule }) => rule)
}

/**
 * Those that select workloads, and of the others the last that stand together and are exported there: a rule
 * joins the older ones that are exported alike, or to fewer, and else stands alone (mergeDestinationRule).
 */
function together(rules: readonly DestinationRule[], to: readonly string[]): readonly DestinationRule[] {
  const groups: (readonly [DestinationRule, ...DestinationRule[]])[] = []
  for (const rule of rules.filter((each) => !selects(each))) {
    const { exportTo = [] } = rule
    let joins = false
    for (const [index, group] of groups.entries()) {
      const [{ exportTo: known = [] }] = group
      joins = known.every((entry) => exportTo.includes(entry)) && (known.length > 0 || exportTo.length === 0)
      if (joins) groups[index] = [...group, rule]
    }
    // Whether it stands alone too is what the last one says.
    if (!joins) groups.push([rule])
  }
  return [...rules.filter(selects), ...(groups.filter(([first]) => isExported(first, to)).at(-1) ?? [])]
}

/** Whether the rule is about this host, whoever asks. */
export function coversHost(rule: DestinationRule, host: string): boolean {
  return isSubsetOf(host, resolveShortName(rule.host.value, rule.namespace))
}

/** A name without a star comes before any with one, and a longer one before a shorter. */
const rank = (name: string): number => (name.startsWith('*') ? 0 : 1000) + name.length

const selects = ({ workloadSelector }: DestinationRule): boolean => workloadSelector !== undefined

/** Whether it names one of these, or nothing. */
const isExported = ({ exportTo = [] }: DestinationRule, to: readonly string[]): boolean =>
  exportTo.length === 0 || exportTo.some((entry) => to.includes(entry))

function isPrivate({ meshConfig }: Mesh, rule: DestinationRule): boolean {
  const { namespace, exportTo = [] } = rule
  if (selects(rule)) return true
  if (exportTo.length === 0) return meshConfig.defaultDestinationRuleExportTo?.includes('.') ?? false
  return exportTo.length === 1 && ['.', namespace].includes(exportTo[0] as string)
}

/**
 * How a proxy speaks to a port: `DISABLE`, `SIMPLE`, `MUTUAL`, `ISTIO_MUTUAL`; undefined = as the
 * other side can, which is mTLS between sidecars. A rule that selects workloads may not be the asking
 * proxy's, so `unsure` says that it could be otherwise.
 */
export function tlsTowards(
  mesh: Mesh,
  asked: Asked & { readonly port: number; readonly subset?: string },
): { readonly mode?: string; readonly unsure: boolean } {
  const all = rulesFor(mesh, asked)
  const modeFor = (rules: readonly DestinationRule[]) => modeOf(mesh, rules, asked)
  const mode = modeFor(all.filter((rule) => !selects(rule)))
  const unsure = all.some((rule) => selects(rule) && modeFor([rule]) !== mode)
  return { ...(mode !== undefined && { mode }), unsure }
}

function modeOf(
  mesh: Mesh,
  rules: readonly DestinationRule[],
  { port, subset, serviceNamespace }: Parameters<typeof tlsTowards>[1],
): string | undefined {
  // The first that has a policy of its own gives it to all of them.
  const top = rules.find(({ tlsMode }) => tlsMode !== undefined)
  const own = subset ? rules.flatMap(({ subsets }) => subsets).find(({ name }) => name === subset) : undefined
  const policies = [own, top].filter((policy) => policy !== undefined)
  // What a port says stands alone: what it leaves out is Istio's default, not the policy's.
  const written = policies
    .map(({ portTlsModes, tlsMode }) => portTlsModes[port] ?? (tlsMode || undefined))
    .find((each) => each !== undefined)
  if (written) return written
  // But which endpoints take mTLS is asked of all of it (`endpoints/mtls_checker.go`).
  const left = policies.map(({ portTlsModes, tlsMode }) => portTlsModes[port] || tlsMode).find(Boolean)
  if (left === undefined) return undefined
  return left === 'ISTIO_MUTUAL' && offersMutual(mesh, serviceNamespace) ? left : 'DISABLE'
}
