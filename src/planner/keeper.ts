import type { KubeObject } from './plan.ts'

/** `name=value` of a label or an annotation, and whose mark it is. */
const keepers: readonly (readonly [mark: RegExp, who: string])[] = [
  [/^argocd\.argoproj\.io\/(tracking-id|instance|installation-id)=/, 'Argo CD'],
  [/^(kustomize|helm)\.toolkit\.fluxcd\.io\/name=|^fluxcd\.io\/sync-/, 'Flux'],
  [/^(fleet|objectset\.rio)\.cattle\.io\/(bundle-|id=|hash=)/, 'Rancher Fleet'],
  [/^meta\.helm\.sh\/release-name=|^app\.kubernetes\.io\/managed-by=Helm$/, 'Helm'],
  [/^kapp\.k14s\.io\/(app|identity)=/, 'kapp'],
  [/^configmanagement\.gke\.io\/managed=enabled$|^configsync\.gke\.io\/resource-id=/, 'Config Sync'],
  [/^config\.k8s\.io\/owning-inventory=/, 'an inventory of cli-utils'],
  [/^crossplane\.io\/(composite|claim-name)=/, 'Crossplane'],
  [/^app\.kubernetes\.io\/managed-by=pulumi$/, 'Pulumi'],
  [/^addonmanager\.kubernetes\.io\/mode=Reconcile$/, 'the addon manager'],
]

/**
 * Who says, by a mark of its own or as an owner, that it keeps an object as it is, and would undo a change made beside
 * it; undefined = nobody says so.
 *
 * @example keeperOf(policy) // 'Argo CD (`argocd.argoproj.io/instance: mesh`)'
 */
export function keeperOf(object: KubeObject): string | undefined {
  const {
    labels,
    annotations,
    ownerReferences: [owner] = [],
  } = (object.metadata ?? {}) as {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[]
  }
  const marks = Object.entries({ ...labels, ...annotations })
  for (const [mark, who] of keepers) {
    const found = marks.find((each) => mark.test(each.join('=')))
    if (found) return `${who} (\`${found.join(': ')}\`)`
  }
  return owner && `the controller of ${owner.kind} ${owner.name} (ownerReferences)`
}
