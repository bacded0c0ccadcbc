import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** `targetRefs` mean Gateway API’s Gateways, whose pods say so by a label. */
export const targetRefIgnored: Rule = {
  code: 'KFD0242',
  severity: 'warning',
  title: 'a policy’s target takes no policies',
  why: '`targetRefs` attach to a Gateway of gateway.networking.k8s.io in the policy’s namespace. Istio’s own Gateway, a Service without a waypoint or another namespace’s object are ignored, and the policy with them.',
  remedy: 'Use `selector` for gateways of networking.istio.io, or name the Gateway API object.',

  *check({ mesh }) {
    for (const policy of [...mesh.authorizationPolicies, ...mesh.requestAuthentications]) {
      for (const ref of policy.targetRefs) {
        const right = ref.group === 'gateway.networking.k8s.io' && ref.kind === 'Gateway'
        const there = mesh.gatewayApi.some(
          ({ kind, name, namespace }) =>
            kind === 'Gateway' && name === ref.name && namespace === (ref.namespace || policy.namespace),
        )
        if (right && there && (!ref.namespace || ref.namespace === policy.namespace)) continue
        // Services are the waypoints' matter, which this model does not decide.
        if (ref.kind === 'Service' || ref.kind === 'ServiceEntry' || ref.kind === 'GatewayClass') continue
        const why = right
          ? `Gateway \`${ref.name}\` is not in its namespace`
          : `\`${ref.kind}\` of \`${ref.group}\` takes no policies`
        yield {
          message: `${nameOf(policy)} is ignored: ${why}`,
          evidence: [{ at: ref.at, text: `${ref.kind} ${ref.name}` }],
        }
      }
    }
  },
}
