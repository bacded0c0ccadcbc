import type { Fields } from './fields.ts'
import type { Meta, Role, RoleBinding } from './model.ts'

/** rbac.authorization.k8s.io Role and ClusterRole. */
export function readRole(meta: Meta, object: Fields): Role {
  return {
    ...meta,
    kind: meta.kind === 'Role' ? 'Role' : 'ClusterRole',
    rules: (object.list('rules') ?? []).map((rule) => ({
      apiGroups: rule.strings('apiGroups') ?? [],
      resources: rule.strings('resources') ?? [],
      verbs: rule.strings('verbs') ?? [],
      resourceNames: rule.strings('resourceNames') ?? [],
    })),
    aggregationLabels: (object.fields('aggregationRule')?.list('clusterRoleSelectors') ?? []).map(
      (selector) => selector.record('matchLabels') ?? {},
    ),
  }
}

/** rbac.authorization.k8s.io RoleBinding and ClusterRoleBinding. */
export function readRoleBinding(meta: Meta, object: Fields): RoleBinding {
  const role = object.fields('roleRef')
  return {
    ...meta,
    kind: meta.kind === 'RoleBinding' ? 'RoleBinding' : 'ClusterRoleBinding',
    roleRef: { kind: role?.string('kind') ?? '', name: role?.string('name') ?? '' },
    subjects: (object.list('subjects') ?? []).map((subject) => ({
      kind: subject.string('kind') ?? '',
      name: subject.string('name') ?? '',
      namespace: subject.string('namespace'),
    })),
  }
}
