import type { Attachment, Meta, TargetRef } from './model.ts'
import type { Complain } from './validate.ts'

/** `selector` and `targetRefs` of the security kinds. */
export function checkAttachment(policy: Meta & Attachment, complain: Complain): void {
  const { selector, targetRefs } = policy
  if (selector && targetRefs.length > 0)
    complain('only one of `selector` and `targetRefs` can be written', policy.at)
  for (const [key, value] of Object.entries(selector ?? {})) {
    if (key === '') complain(`the selector has an empty key for \`${value}\``, policy.at)
    if (key.includes('*') || value.includes('*')) {
      complain(
        `the selector \`${key}: ${value}\` has a \`*\`, and labels are compared as they are`,
        policy.at,
      )
    }
  }
  for (const ref of targetRefs) checkTargetRef(ref, complain)
}

/** Kinds a policy can be attached to, whatever their version. */
const targets: ReadonlySet<string> = new Set([
  '/Service',
  'core/Service',
  'networking.istio.io/ServiceEntry',
  'gateway.networking.k8s.io/Gateway',
  'gateway.networking.k8s.io/GatewayClass',
])

function checkTargetRef(ref: TargetRef, complain: Complain): void {
  if (ref.name === '') complain('a `targetRef` has no name', ref.at)
  if (ref.namespace) complain('a `targetRef` stays in its own namespace and names none', ref.at)
  if (!targets.has(`${ref.group}/${ref.kind}`)) {
    complain(`a policy cannot be attached to ${ref.group || 'core'}/${ref.kind}`, ref.at)
  }
}
