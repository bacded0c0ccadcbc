import type { Mesh } from '../../mesh/index.ts'

/**
 * Models a request would have to start: `minReplicas: 0` of a KServe component (its default is 1), and
 * Knative Services without a lower bound, which rest at zero.
 */
export function scaledToZero(mesh: Mesh): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { namespace, name, annotations, raw } of mesh.inferenceServices) {
    const spec = fieldsOf(fieldsOf(raw).spec)
    const parts = ['predictor', 'transformer', 'explainer'].map((part) => fieldsOf(spec[part]))
    const asked = parts.some(({ minReplicas }) => minReplicas === 0)
    if (asked || minScale(annotations) === '0') found.add(`${namespace}/${name}`)
  }
  for (const { kind, apiVersion, namespace, name, raw } of mesh.others) {
    if (kind !== 'Service' || !apiVersion.startsWith('serving.knative.dev/')) continue
    const template = fieldsOf(fieldsOf(fieldsOf(raw).spec).template)
    const lower = minScale(fieldsOf(fieldsOf(template.metadata).annotations))
    if (lower === undefined || lower === '0') found.add(`${namespace}/${name}`)
  }
  return found
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function minScale(annotations: Fields): string | undefined {
  const value =
    annotations['autoscaling.knative.dev/min-scale'] ?? annotations['autoscaling.knative.dev/minScale']
  return value === undefined ? undefined : String(value)
}
