import type { Labels, Service, Workload } from './model.ts'

/**
 * Whether every label of `selector` is among `labels` with the same value, as Kubernetes' and Istio's
 * equality selectors compare. An empty selector takes everything; what a missing one means differs
 * by object and is the caller's to say.
 */
export function isSubset(selector: Labels, labels: Labels): boolean {
  for (const key of Object.keys(selector)) {
    if (!Object.hasOwn(labels, key) || labels[key] !== selector[key]) return false
  }
  return true
}

/** Whether a Service selects pods with these labels: a missing or empty selector selects none. */
export function serviceSelects(service: Pick<Service, 'selector'>, labels: Labels): boolean {
  const { selector } = service
  return selector !== undefined && Object.keys(selector).length > 0 && isSubset(selector, labels)
}

/** The workloads whose pods stand behind a Service. */
export function workloadsOf(
  service: Pick<Service, 'selector' | 'namespace'>,
  workloads: readonly Workload[],
): readonly Workload[] {
  return workloads.filter(
    (workload) => workload.namespace === service.namespace && serviceSelects(service, workload.podLabels),
  )
}
