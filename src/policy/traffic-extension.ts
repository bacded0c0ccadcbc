/**
 * WasmPlugins and TrafficExtensions: code of somebody else's in a proxy's chain, which may reject, change
 * or let pass. Where one stands on the way, nothing after it can be known.
 *
 * Agrees with Istio's pilot/pkg/model/extensions.go and listener_builder.go, buildHTTPConnectionManager.
 */
import type { Mesh, OtherObject, TargetRef } from '../mesh/index.ts'
import { attaches, byAge, type PolicyTarget } from './attach.ts'
import type { HttpFilter } from './flow.ts'
import { child, list, number, text } from './gateway-api/json.ts'

/** Before HTTP is read, before jwt_authn, before the policies, or behind them. */
export type ExtensionPlace = 'network' | 'authn' | 'authz' | 'last'

export interface TrafficExtension {
  readonly place: ExtensionPlace
  readonly filter: HttpFilter
}

/** Those of one proxy, in the order istiod gives them. */
export function trafficExtensions(
  mesh: Mesh,
  target: PolicyTarget,
  kind: 'gateway' | 'sidecar',
): readonly TrafficExtension[] {
  return mesh.others
    .filter(
      ({ apiVersion, kind: name }) =>
        apiVersion.startsWith('extensions.istio.io/') &&
        (name === 'WasmPlugin' || name === 'TrafficExtension'),
    )
    .filter((plugin) => attaches({ ...plugin, ...attachmentOf(plugin) }, target))
    .sort((a, b) => priorityOf(b) - priorityOf(a) || byAge(a, b))
    .map((plugin) => ({ place: placeOf(plugin), filter: unknownCode(plugin, kind) }))
}

function attachmentOf({ raw, at }: OtherObject) {
  const labels = child(raw, 'spec', 'selector', 'matchLabels')
  const single = child(raw, 'spec', 'targetRef')
  const refs = [...(single === undefined ? [] : [single]), ...list(child(raw, 'spec', 'targetRefs'))]
  return {
    ...(typeof labels === 'object' &&
      labels !== null && { selector: labels as Readonly<Record<string, string>> }),
    targetRefs: refs.map((ref): TargetRef => {
      const namespace = text(child(ref, 'namespace'))
      return {
        group: text(child(ref, 'group')) ?? '',
        kind: text(child(ref, 'kind')) ?? '',
        name: text(child(ref, 'name')) ?? '',
        ...(namespace !== undefined && { namespace }),
        at,
      }
    }),
  }
}

function priorityOf({ raw }: OtherObject): number {
  return number(child(raw, 'spec', 'priority')) ?? 0
}

function placeOf({ raw }: OtherObject): ExtensionPlace {
  if ((child(raw, 'spec', 'type') ?? child(raw, 'spec', 'wasm', 'type')) === 'NETWORK') return 'network'
  const phase = child(raw, 'spec', 'phase')
  return phase === 'AUTHN' ? 'authn' : phase === 'AUTHZ' ? 'authz' : 'last'
}

/** `match`: a gateway's listeners are the client's side, a sidecar's inbound ones the server's. */
function listens({ raw }: OtherObject, kind: 'gateway' | 'sidecar', port: number): boolean {
  const selectors = list(child(raw, 'spec', 'match'))
  return (
    selectors.length === 0 ||
    selectors.some((selector) => {
      const mode = text(child(selector, 'mode')) ?? 'UNDEFINED'
      const own = kind === 'gateway' ? 'CLIENT' : 'SERVER'
      const ports = list(child(selector, 'ports'))
      return (
        (mode === 'UNDEFINED' || mode === 'CLIENT_AND_SERVER' || mode === own) &&
        (ports.length === 0 || ports.some((entry) => number(child(entry, 'number')) === port))
      )
    })
  )
}

function unknownCode(plugin: OtherObject, kind: 'gateway' | 'sidecar'): HttpFilter {
  const reason = 'extension-unknown'
  return {
    name: `${plugin.namespace}.${plugin.name}`,
    run(flow) {
      if (!listens(plugin, kind, flow.request.port)) return undefined
      if (flow.trace) {
        flow.step('custom', 'unknown', reason, {
          object: plugin,
          at: plugin.at,
          text: `${plugin.kind} ${plugin.namespace}/${plugin.name} runs code that is not in the YAML`,
        })
      }
      return { kind: 'unknown', reason }
    },
  }
}
