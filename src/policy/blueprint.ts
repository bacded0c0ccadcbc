/**
 * What one proxy is configured with, as data: for whoever writes it down in another form (an Envoy
 * configuration) instead of deciding requests with it.
 */
import type { Mesh } from '../mesh/index.ts'
import { type OwnedPatch, patchesOn } from './envoy-filter.ts'
import { type PoliciesByAction, selectPolicies, targetOf } from './filters.ts'
import { type InboundPort, inboundPorts } from './inbound-port.ts'
import { jwtProviders } from './jwt-filter.ts'
import { type JwtProvider, jwksText } from './jwt-provider.ts'
import { composePeerModes, type PeerModes } from './peer-authentication.ts'
import { type BadProvider, compileProvider, type Provider } from './provider.ts'
import { headRules } from './proxy-config.ts'
import { compileRegistry, type Registry } from './registry.ts'
import type { HeadRules } from './request-head.ts'
import type { EngineOptions, ProxyIdentity } from './seam.ts'
import { withServing } from './serving/index.ts'
import { type TrustDomains, trustDomains } from './trust-domain.ts'

export interface Blueprint {
  readonly mesh: Mesh
  readonly proxy: ProxyIdentity
  readonly registry: Registry
  readonly domains: TrustDomains
  readonly policies: PoliciesByAction
  /** jwtRules in istiod's order. */
  readonly jwt: readonly JwtProvider[]
  /** The JWKS text of one; undefined = it cannot be fetched. */
  readonly jwks: (provider: JwtProvider) => string | undefined
  /** A CUSTOM policy's provider, as this proxy can call it. */
  readonly provider: (name: string) => Provider | BadProvider
  readonly head: HeadRules
  readonly patches: readonly OwnedPatch[]
  /** Envoy's name of a filter, old names as this istiod reads them. */
  readonly filterName: (name: string) => string
}

export function blueprintOf(given: Mesh, proxy: ProxyIdentity, options: EngineOptions = {}): Blueprint {
  const mesh = withServing(given)
  const target = targetOf(mesh, proxy)
  const registry = compileRegistry(mesh)
  const fetched = options.fetched ?? (() => undefined)
  const { patches, nameOf } = patchesOn(mesh, proxy, options)
  return {
    mesh,
    proxy,
    registry,
    domains: trustDomains(mesh.meshConfig),
    policies: selectPolicies(mesh, target),
    jwt: jwtProviders(mesh, target, fetched),
    jwks: ({ rule }) => jwksText(rule, fetched),
    provider: (name) => compileProvider(mesh, registry, name, proxy.namespace),
    head: headRules(mesh, proxy),
    patches,
    filterName: nameOf,
  }
}

/** What a sidecar has besides. */
export interface InboundBlueprint {
  readonly ports: ReadonlyMap<number, InboundPort>
  readonly modes: PeerModes
}

export function inboundBlueprintOf(mesh: Mesh, proxy: ProxyIdentity): InboundBlueprint {
  return { ports: inboundPorts(mesh, proxy), modes: composePeerModes(mesh, targetOf(mesh, proxy)) }
}
