/** EnvoyFilters that ask an auth service before a proxy, as Kubeflow's `authn-filter` does. */
import type { Mesh } from '../mesh/index.ts'
import { type OwnedPatch, patchesOn } from './envoy-filter.ts'
import { asObject, field, textField } from './envoy-filter-match.ts'
import type { Provider } from './provider.ts'
import { isExtAuthz, providerOfFilter } from './raw-ext-authz.ts'
import type { EngineOptions, ProxyIdentity } from './seam.ts'

export interface AskingFilter extends OwnedPatch {
  /** undefined = it asks in a way that is not modelled. */
  readonly provider: Provider | undefined
}

/** In the order their patches come. Told by the type of their configuration: a name may be any. */
export function askingFilters(
  mesh: Mesh,
  proxy: ProxyIdentity,
  options: EngineOptions = {},
): readonly AskingFilter[] {
  return patchesOn(mesh, proxy, options).patches.flatMap(({ owner, patch }) => {
    if (patch.applyTo !== 'HTTP_FILTER' || !/^(INSERT|ADD|REPLACE)/.test(patch.patch.operation)) return []
    const config = asObject(field(asObject(patch.patch.value), 'typed_config'))
    if (!isExtAuthz(textField(config, '@type'))) return []
    const provider = providerOfFilter(owner, patch.at, config, new Map(), proxy.namespace)
    return [{ owner, patch, provider }]
  })
}
