import type { Located } from '../base/index.ts'
import type { Fields } from './fields.ts'
import type { Labels, Meta, TargetRef } from './model.ts'

/** Kinds without a namespace; every other object that names none is in `default`, as kubectl does. */
const clusterScoped: ReadonlySet<string> = new Set([
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'Profile',
  'GatewayClass',
  'IngressClass',
  'Node',
  'CustomResourceDefinition',
  'ClusterServingRuntime',
  'ClusterIssuer',
])

/** Reads `metadata`; undefined = there is no name, so nothing can refer to the object. */
export function readMeta(object: Fields, apiVersion: string, kind: string): Meta | undefined {
  const metadata = object.fields('metadata')
  const name = metadata?.text('name')
  if (!metadata || !name || name.value === '') {
    object.error('missing-name', 'the object has no `metadata.name`')
    return undefined
  }
  const created = metadata.entry('creationTimestamp')?.value
  const createdAt = created?.kind === 'scalar' ? Date.parse(created.text) : Number.NaN
  return {
    apiVersion,
    kind,
    namespace: clusterScoped.has(kind) ? '' : metadata.string('namespace') || 'default',
    name: name.value,
    labels: metadata.record('labels') ?? {},
    annotations: metadata.record('annotations') ?? {},
    createdAt: Number.isNaN(createdAt) ? undefined : createdAt,
    at: object.at,
  }
}

/** Istio's `selector: {matchLabels}`, and the same under another name. Undefined = not written. */
export function readSelector(spec: Fields, name = 'selector'): Labels | undefined {
  const selector = spec.fields(name)
  if (!selector) return undefined
  const labels = selector.record('matchLabels') ?? {}
  selector.done()
  return labels
}

/** `workloadSelector: {labels}` of networking.istio.io. */
export function readWorkloadSelector(spec: Fields): Labels | undefined {
  const selector = spec.fields('workloadSelector')
  if (!selector) return undefined
  // DestinationRule's has `matchLabels`, the others' `labels`.
  const labels = selector.record('labels') ?? selector.record('matchLabels') ?? {}
  selector.done()
  return labels
}

/** `targetRefs`, and the older single `targetRef`. */
export function readTargetRefs(spec: Fields): readonly TargetRef[] {
  const single = spec.fields('targetRef')
  return [...(single ? [single] : []), ...(spec.list('targetRefs') ?? [])].map((ref) => {
    const target = {
      group: ref.string('group') ?? '',
      kind: ref.string('kind') ?? '',
      name: ref.string('name') ?? '',
      namespace: ref.string('namespace'),
      at: ref.at,
    }
    ref.done()
    return target
  })
}

export function values(texts: readonly Located<string>[] | undefined): readonly string[] {
  return texts?.map((text) => text.value) ?? []
}
