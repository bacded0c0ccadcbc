/**
 * What a proxy can tell requests apart by, for analyses that ask about all requests at once: its
 * rules as compiled, where it looks for tokens, and what its filters make of a request before DENY
 * and ALLOW look at it. Everything here is what `decide` itself runs.
 */
import type { Mesh } from '../mesh/index.ts'
import type { Attributes } from './attributes.ts'
import { connectionOf } from './connection-filters.ts'
import type { DoorRequest } from './decision.ts'
import { compileChain, selectPolicies, targetOf } from './filters.ts'
import { Flow } from './flow.ts'
import { jwtProviders } from './jwt-filter.ts'
import { type PathRules, pathRules } from './path-normalization.ts'
import { compileProvider } from './provider.ts'
import { headRules } from './proxy-config.ts'
import { compileRegistry } from './registry.ts'
import { type HeadRules, readHead } from './request-head.ts'
import type { Rule } from './rule.ts'
import { compileRuleSet, isDryRun } from './rule-set.ts'
import type { EngineOptions, FilterCall, NormalizedRequest, ProxyIdentity } from './seam.ts'
import { type Locations, locationsOf } from './token-location.ts'
import { trustDomains } from './trust-domain.ts'

export interface ProxyInsight {
  readonly proxy: ProxyIdentity
  readonly custom: readonly Rule[]
  readonly deny: readonly Rule[]
  readonly allow: readonly Rule[]
  readonly tokens: readonly Locations[]
  readonly paths: PathRules
  /** Whether EnvoyFilters may have put something into the chain. */
  readonly patched: boolean
  /** What is looked at are connections: nothing HTTP says has a say, and of rules only what a connection has. */
  readonly bytes?: true
  /** How many proxies before it are believed when they name the caller's address and scheme. */
  readonly trustedHops: number
  /** What else of its policies counts: whether ALLOW holds at all, and whom CUSTOM asks. */
  readonly shape: string
  /** The request as this proxy's filters get it; undefined = it answers by itself (400, 307). */
  read(request: DoorRequest): NormalizedRequest | undefined
  /** Runs every filter but AUDIT, DENY and ALLOW, and says what these would have looked at. */
  probe(call: FilterCall): Probe
}

export interface Probe {
  /** What the first of DENY and ALLOW sees; undefined = a filter before it ended the request. */
  readonly attributes?: Attributes
  /** `kind` and reason of that end. */
  readonly end?: string
  /** How many answers of providers were used. */
  readonly asked: number
  /** It stands at a question nobody has answered yet. */
  readonly check?: import('./decision.ts').Check
}

/** The same proxy where it hands bytes on, as a TCP port and a TLS passthrough do. */
export function inspectConnections(mesh: Mesh, proxy: ProxyIdentity, options: EngineOptions): ProxyInsight {
  const insight = inspectProxy(mesh, proxy, options)
  const policies = selectPolicies(mesh, targetOf(mesh, proxy))
  const context = { domains: trustDomains(mesh.meshConfig), tcp: true }
  const rules = (list: typeof policies.DENY) => compileRuleSet(list, context).rules
  const enforced = (list: typeof policies.DENY) => rules(list.filter((policy) => !isDryRun(policy)))
  return {
    ...insight,
    bytes: true,
    custom: rules(policies.CUSTOM),
    deny: enforced(policies.DENY),
    allow: enforced(policies.ALLOW),
    tokens: [],
    // Whoever looks at the path first is the next proxy, which reads it by the mesh's own rules.
    paths: pathRules(mesh.meshConfig.pathNormalization),
    shape: `bytes ${insight.shape}`,
    read: (request) => connectionOf(request, request.peer, undefined),
  }
}

export function inspectProxy(mesh: Mesh, proxy: ProxyIdentity, options: EngineOptions): ProxyInsight {
  const target = targetOf(mesh, proxy)
  const policies = selectPolicies(mesh, target)
  const context = { domains: trustDomains(mesh.meshConfig), tcp: false }
  const registry = compileRegistry(mesh)
  const enforced = (list: typeof policies.DENY) => list.filter((policy) => !isDryRun(policy))
  const { filters, rules } = compileChain(mesh, proxy, options)
  const providers = jwtProviders(mesh, target, options.fetched ?? (() => undefined))
  const head: HeadRules =
    proxy.kind === 'gateway'
      ? headRules(mesh, proxy)
      : {
          paths: pathRules(mesh.meshConfig.pathNormalization),
          useRemoteAddress: false,
          trustedHops: 0,
          underscores: 'allow',
        }
  return {
    proxy,
    custom: compileRuleSet(policies.CUSTOM, context).rules,
    deny: rules.deny,
    allow: rules.allow,
    tokens: providers.map((provider) => locationsOf(provider.rule)),
    paths: head.paths,
    trustedHops: head.useRemoteAddress ? head.trustedHops : 1,
    patched: mesh.envoyFilters.length > 0,
    shape: JSON.stringify([
      enforced(policies.ALLOW).length > 0,
      [...new Set(policies.CUSTOM.map((policy) => policy.provider?.value ?? ''))].sort().map((name) => {
        const { at: _, ...provider } = compileProvider(mesh, registry, name, proxy.namespace)
        return provider
      }),
    ]),
    read(request) {
      const read = readHead(request, head, request.peer)
      return read.kind === 'request' ? read.request : undefined
    },
    probe(call) {
      const flow = new Flow(call)
      let seen: Attributes | undefined
      for (const filter of filters) {
        if (filter.phase !== undefined && filter.phase !== 'custom') {
          seen ??= flow.attributes
          continue
        }
        const stop = filter.run(flow)
        if (stop === undefined) continue
        if (seen !== undefined) break
        const asked = flow.checks.length
        if (stop.kind === 'ask') return { end: 'ask', asked, check: stop.check }
        return { end: `${stop.kind} ${stop.reason}`, asked }
      }
      return { attributes: seen ?? flow.attributes, asked: flow.checks.length }
    },
  }
}
