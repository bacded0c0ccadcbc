/**
 * The HTTP filter chain of one proxy, in the order istiod gives it: CUSTOM, jwt_authn, AUDIT, DENY,
 * ALLOW, with what EnvoyFilters put between them. Each may end the request; the first to do so wins.
 * All of it runs before any route takes effect.
 *
 * Agrees with Istio's pilot/pkg/networking/core/listener_builder.go, buildHTTPConnectionManager.
 */
import type { AuthorizationPolicy, Mesh } from '../mesh/index.ts'
import { attaches, byAge, type PolicyTarget } from './attach.ts'
import { compileCustom } from './custom-filter.ts'
import type { HeaderList } from './decision.ts'
import { compileEnvoyFilters } from './envoy-filter.ts'
import { Flow, type HttpFilter, type Stop } from './flow.ts'
import { jwtFilter, jwtProviders } from './jwt-filter.ts'
import { type JwtProvider, verificationKeys } from './jwt-provider.ts'
import { fitReply } from './local-reply.ts'
import { compileRbac } from './rbac-filter.ts'
import { compileRegistry } from './registry.ts'
import type { Rule } from './rule.ts'
import type { EngineOptions, FilterCall, FilterOutcome, Filters, ProxyIdentity } from './seam.ts'
import { compactToken } from './token.ts'
import { findTokens } from './token-location.ts'
import { type ExtensionPlace, trafficExtensions } from './traffic-extension.ts'
import { trustDomains } from './trust-domain.ts'

/** `options.fetched` stands for what istiod would have fetched: JWKS and discovery documents. */
export function compileFilters(mesh: Mesh, proxy: ProxyIdentity, options: EngineOptions): Filters {
  const { filters, keys, tokensIn } = compileChain(mesh, proxy, options)
  return { keys, tokensIn, run: (call) => runFilters(filters, call) }
}

/** The links themselves, for a proxy that runs them its own way. */
export interface Chain extends Pick<Filters, 'keys' | 'tokensIn'> {
  readonly filters: readonly HttpFilter[]
  /** As Istio compiles them, whatever EnvoyFilters make of the chain. */
  readonly rules: { readonly deny: readonly Rule[]; readonly allow: readonly Rule[] }
}

/** Once for whoever asks about the same proxy object. */
export function compileChain(mesh: Mesh, proxy: ProxyIdentity, options: EngineOptions): Chain {
  const known = compiled.get(proxy)
  if (known?.mesh === mesh && known.options === options) return known.chain
  const chain = linkUp(mesh, proxy, options)
  compiled.set(proxy, { mesh, options, chain })
  return chain
}

const compiled = new WeakMap<
  ProxyIdentity,
  { readonly mesh: Mesh; readonly options: EngineOptions; readonly chain: Chain }
>()

function linkUp(mesh: Mesh, proxy: ProxyIdentity, options: EngineOptions): Chain {
  const target = targetOf(mesh, proxy)
  const policies = selectPolicies(mesh, target)
  const context = { domains: trustDomains(mesh.meshConfig), tcp: false }
  const registry = compileRegistry(mesh)
  const patches = compileEnvoyFilters(mesh, proxy, registry, options)
  const providers = jwtProviders(mesh, target, options.fetched ?? (() => undefined))
  const extensions = trafficExtensions(mesh, target, proxy.kind)
  const at = (place: ExtensionPlace) =>
    extensions.filter((extension) => extension.place === place).map(({ filter }) => filter)
  const deny = compileRbac('DENY', policies.DENY, context)
  const allow = compileRbac('ALLOW', policies.ALLOW, context)
  const chain: readonly (HttpFilter | undefined)[] = [
    ...at('network'),
    ...compileCustom(mesh, registry, proxy.namespace, policies.CUSTOM, context, patches.exemptions),
    ...at('authn'),
    jwtFilter(providers, proxy.kind === 'gateway'),
    ...at('authz'),
    compileRbac('AUDIT', policies.AUDIT, context),
    deny,
    allow,
    ...at('last'),
  ]
  return {
    filters: patches.apply(chain.filter((filter) => filter !== undefined)),
    rules: { deny: deny?.rules ?? [], allow: allow?.rules ?? [] },
    keys: verificationKeys(providers),
    tokensIn: (request) => tokensIn(providers, request),
  }
}

export function targetOf(mesh: Mesh, proxy: ProxyIdentity): PolicyTarget {
  return {
    namespace: proxy.namespace,
    labels: proxy.labels,
    rootNamespace: mesh.meshConfig.rootNamespace,
  }
}

export type PoliciesByAction = Readonly<
  Record<'CUSTOM' | 'AUDIT' | 'DENY' | 'ALLOW', readonly AuthorizationPolicy[]>
>

export function selectPolicies(mesh: Mesh, target: PolicyTarget): PoliciesByAction {
  const selected = mesh.authorizationPolicies.filter((policy) => attaches(policy, target)).sort(byAge)
  const of = (action: string) => selected.filter((policy) => (policy.action?.value ?? 'ALLOW') === action)
  return { CUSTOM: of('CUSTOM'), AUDIT: of('AUDIT'), DENY: of('DENY'), ALLOW: of('ALLOW') }
}

function runFilters(filters: readonly HttpFilter[], call: FilterCall): FilterOutcome {
  const flow = new Flow(call)
  for (const filter of filters) {
    const stop = filter.run(flow)
    if (stop !== undefined) return outcomeOf(flow, stop)
  }
  return outcomeOf(flow)
}

/** Without a stop the request passes as the filters left it. */
export function outcomeOf(flow: Flow, stop?: Stop): FilterOutcome {
  if (stop === undefined) return passed(flow)
  const ran = { reason: stop.reason, steps: flow.steps, checks: flow.checks }
  switch (stop.kind) {
    case 'ask':
      return { ...ran, kind: 'ask', check: stop.check }
    case 'reply': {
      // What an authorizer added for the client on allowing stays, also when a later filter refuses.
      const headers = withDownstream(stop.headers, flow)
      const reply = fitReply({ ...stop, headers }, flow.request)
      return { ...ran, kind: 'reply', ...reply, ...(flow.reroute && { rerouted: flow.attributes }) }
    }
    case 'drop':
      return { ...ran, kind: 'drop', error: 'connection closed without response' }
    case 'unknown':
      return { ...ran, kind: 'unknown' }
  }
}

function passed(flow: Flow): FilterOutcome {
  const { request, attributes } = flow
  return {
    reason: flow.reason,
    steps: flow.steps,
    checks: flow.checks,
    kind: 'pass',
    headers: request.headers,
    path: request.path,
    host: request.host,
    claims: attributes.claims,
    reroute: flow.reroute,
    downstream: flow.downstreamAdd.length === 0 ? nothingAdded : { set: none, add: flow.downstreamAdd },
  }
}

function withDownstream(headers: HeaderList, flow: Flow): HeaderList {
  const { downstreamAdd } = flow
  return downstreamAdd.length === 0 ? headers : [...headers, ...downstreamAdd]
}

const none: readonly never[] = []
const nothingAdded = { set: none, add: none }

/** The same list where it is so already, as HTTP/2 sends it and most clients do. */
function inLowerCase(headers: HeaderList): HeaderList {
  if (headers.every(([name]) => !/[A-Z]/.test(name))) return headers
  return headers.map(([name, value]) => [name.toLowerCase(), value] as const)
}

function tokensIn(
  providers: readonly JwtProvider[],
  request: { readonly headers: HeaderList; readonly path: string },
): readonly string[] {
  if (providers.length === 0) return none
  const headers = inLowerCase(request.headers)
  const tokens: string[] = []
  for (const provider of providers) {
    for (const { text } of findTokens(provider.locations, headers, request.path)) {
      const token = compactToken(text)
      if (token !== undefined && !tokens.includes(token)) tokens.push(token)
    }
  }
  return tokens
}
