/**
 * Which DestinationRule is a proxy's for a host, and how the proxy then speaks to it. Agrees with
 * istiod's `push_context.go` (destinationRule), `destination_rule.go` (mergeDestinationRule) and
 * `cluster_traffic_policy.go`.
 */
import { type DestinationRule, isSubsetOf, type Mesh } from '../mesh/index.ts'
import { resolveShortName } from './hostname.ts'

/** What is looked up: a host, in whose namespace it lies, and who asks. */
export interface Asked {
  readonly host: string
  readonly serviceNamespace: string
  readonly proxyNamespace: string
}

/**
 * The rules that hold together, the oldest first; empty = none. They are looked for in the proxy's
 * namespace, then the Service's, then the root's; the first that has one for the host decides. For a
 * proxy of the root namespace only rules kept for it alone come first.
 */
export function rulesFor(mesh: Mesh, asked: Asked): readonly DestinationRule[] {
  const { rootNamespace } = mesh.meshConfig
  const { proxyNamespace, serviceNamespace } = asked
  const atRoot = proxyNamespace === rootNamespace
  const own = mostSpecific(mesh, asked, proxyNamespace, (rule) => !atRoot || isPrivate(mesh, rule))
  if (own.length > 0) return own
  for (const namespace of [serviceNamespace, rootNamespace]) {
    const found = mostSpecific(
      mesh,
      asked,
      namespace,
      (rule) => rule.workloadSelector === undefined && isExported(mesh, rule, proxyNamespace),
    )
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
    .sort((a, b) => rank(b.name) - rank(a.name))
  return found.filter(({ name }) => name === found[0]?.name).map(({ rule }) => rule)
}

/** Whether the rule is about this host, whoever asks. */
export function coversHost(rule: DestinationRule, host: string): boolean {
  return isSubsetOf(host, resolveShortName(rule.host.value, rule.namespace))
}

/** A name without a star comes before any with one, and a longer one before a shorter. */
const rank = (name: string): number => (name.startsWith('*') ? 0 : 1000) + name.length

function exportsOf(mesh: Mesh, { exportTo }: DestinationRule): readonly string[] {
  if (exportTo !== undefined && exportTo.length > 0) return exportTo
  return mesh.meshConfig.defaultDestinationRuleExportTo ?? ['*']
}

function isPrivate(mesh: Mesh, rule: DestinationRule): boolean {
  return rule.workloadSelector !== undefined || exportsOf(mesh, rule).every((entry) => entry === '.')
}

function isExported(mesh: Mesh, rule: DestinationRule, proxyNamespace: string): boolean {
  return exportsOf(mesh, rule).some(
    (entry) =>
      entry === '*' || entry === proxyNamespace || (entry === '.' && rule.namespace === proxyNamespace),
  )
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
  const selected = all.filter(({ workloadSelector }) => workloadSelector !== undefined)
  const general = all.filter(({ workloadSelector }) => workloadSelector === undefined)
  const mode = modeOf(general, asked)
  const unsure = selected.some((rule) => modeOf([rule], asked) !== mode)
  return { ...(mode !== undefined && { mode }), unsure }
}

function modeOf(
  rules: readonly DestinationRule[],
  { port, subset }: { readonly port: number; readonly subset?: string },
): string | undefined {
  // The first that has a policy of its own gives it to all of them.
  const top = rules.find(({ tlsMode, portTlsModes }) => tlsMode !== undefined || has(portTlsModes))
  const own = subset ? rules.flatMap(({ subsets }) => subsets).find(({ name }) => name === subset) : undefined
  for (const policy of [own, top]) {
    if (policy === undefined) continue
    // What a port says stands alone: what it leaves out is Istio's default, not the policy's.
    if (policy.portTlsModes[port] !== undefined) return policy.portTlsModes[port] || undefined
    if (policy.tlsMode !== undefined) return policy.tlsMode
  }
  return undefined
}

const has = (modes: Readonly<Record<number, string>>): boolean => Object.keys(modes).length > 0
