/**
 * Which policies apply to a proxy, as Istio's pilot/pkg/model/policyattachment.go decides it: the
 * root namespace's and its own, by selector, or by `targetRefs` on a gateway made by Gateway API.
 */
import type { Attachment, Labels, Meta } from '../mesh/index.ts'

export interface PolicyTarget {
  readonly namespace: string
  readonly labels: Labels
  readonly rootNamespace: string
}

const gatewayNameLabel = 'gateway.networking.k8s.io/gateway-name'

export function labelsInclude(labels: Labels, selector: Labels | undefined): boolean {
  if (selector === undefined) return true
  return Object.entries(selector).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
}

export function attaches(policy: Meta & Attachment, target: PolicyTarget): boolean {
  if (policy.namespace !== target.namespace && policy.namespace !== target.rootNamespace) return false
  if (policy.targetRefs.length === 0) return labelsInclude(target.labels, policy.selector)
  const gatewayName = target.labels[gatewayNameLabel]
  // Only a pod that says which Gateway it serves can be meant; others ignore the policy whole.
  if (gatewayName === undefined || policy.namespace !== target.namespace) return false
  return policy.targetRefs.some(
    (ref) =>
      ref.group === 'gateway.networking.k8s.io' &&
      ref.kind === 'Gateway' &&
      ref.name === gatewayName &&
      (ref.namespace === undefined || ref.namespace === '' || ref.namespace === target.namespace),
  )
}

/** What the recordings took for an object without creationTimestamp. */
const undated = Date.UTC(2026, 0, 1)

type Aged = Pick<Meta, 'createdAt' | 'name' | 'namespace'>

/** By age, then name, then namespace: the order in which istiod lists objects. */
export function byAge(a: Aged, b: Aged): number {
  const order = (a.createdAt ?? undated) - (b.createdAt ?? undated)
  if (order !== 0) return order
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return a.namespace < b.namespace ? -1 : a.namespace > b.namespace ? 1 : 0
}
