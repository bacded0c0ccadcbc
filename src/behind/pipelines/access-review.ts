/**
 * SubjectAccessReviews answered from YAML: Kubernetes RBAC over the mesh's roles and bindings, with
 * what Kubeflow's profile controller would add to them (plugin/pkg/auth/authorizer/rbac/rbac.go).
 */
import type { Labels, Mesh, Role, RoleBinding } from '../../mesh/index.ts'
import type { AccessAnswer, AccessQuestion } from './options.ts'

type Rule = Pick<Role['rules'][number], 'apiGroups' | 'resources' | 'verbs' | 'resourceNames'>

const group = 'pipelines.kubeflow.org'
const rule = (resources: readonly string[], verbs: readonly string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
  resourceNames: [],
})

/** manifests/kustomize/base/installs/multi-user/view-edit-cluster-roles.yaml of kubeflow/pipelines. */
const view: readonly Rule[] = [
  rule(['pipelines', 'pipelineversions', 'experiments', 'jobs'], ['get', 'list']),
  rule(['runs'], ['get', 'list', 'readArtifact']),
]
const edit: readonly Rule[] = [
  ...view,
  rule(['pipelines', 'pipelineversions'], ['create', 'delete', 'update']),
  rule(['experiments'], ['archive', 'create', 'delete', 'unarchive']),
  rule(
    ['runs'],
    ['archive', 'create', 'delete', 'retry', 'terminate', 'unarchive', 'reportMetrics', 'readArtifact'],
  ),
  rule(['jobs'], ['create', 'delete', 'disable', 'enable']),
]

/** Roles that every Kubeflow has; the YAML of a door seldom repeats them. */
const wellKnown: Readonly<Record<string, readonly Rule[]>> = {
  'kubeflow-admin': edit,
  'kubeflow-edit': edit,
  'kubeflow-view': view,
  'cluster-admin': [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'], resourceNames: [] }],
}

export type AccessMesh = Pick<Mesh, 'roles' | 'roleBindings' | 'profiles'>

interface Grant {
  /** '' = every namespace. */
  readonly namespace: string
  readonly user: string
  readonly rules: readonly Rule[]
  /** Why, in the words of Kubernetes. */
  readonly reason: string
}

/**
 * Decides from RoleBindings, ClusterRoleBindings, Roles, ClusterRoles (aggregated ones too) and
 * Profiles: a Profile's owner is admin of its namespace, `default-editor` and `default-viewer` edit
 * and view in it, whether or not the bindings the controller makes are in the YAML. Subjects are
 * users and service accounts (`system:serviceaccount:NS:NAME`); groups match nobody, since Pipelines
 * asks without groups.
 *
 * A refusal's reason is empty, as Kubernetes leaves it, or names the role that a binding refers to
 * and nobody has.
 */
export function createAccessReview(mesh: AccessMesh): (question: AccessQuestion) => AccessAnswer {
  const missing = new Map<string, string[]>()
  const grants = [...mesh.roleBindings, ...profileBindings(mesh)].flatMap((binding) => {
    const namespace = binding.kind === 'ClusterRoleBinding' ? '' : binding.namespace
    const rules = rulesOf(mesh, binding)
    if (rules === undefined) {
      const text = `${binding.roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(binding.roleRef.name)} not found`
      missing.set(namespace, [...(missing.get(namespace) ?? []), text])
      return []
    }
    return grantsOf(binding, namespace, rules)
  })

  return ({ user, namespace, verb, resource, name }) => {
    const grant = grants.find(
      (known) =>
        known.user === user &&
        (known.namespace === '' || known.namespace === namespace) &&
        known.rules.some((one) => allows(one, verb, resource, name ?? '')),
    )
    if (grant) return { allowed: true, reason: grant.reason }
    const unresolved = [...new Set([...(missing.get('') ?? []), ...(missing.get(namespace) ?? [])])]
    if (unresolved.length === 0) return { allowed: false, reason: '' }
    const all = unresolved.length === 1 ? unresolved[0] : `[${unresolved.join(', ')}]`
    return { allowed: false, reason: `RBAC: ${all}` }
  }
}

type Binding = Pick<RoleBinding, 'kind' | 'namespace' | 'name' | 'roleRef' | 'subjects'>

/** What the profile controller makes in a Profile's namespace (profile_controller.go). */
function profileBindings({ profiles }: AccessMesh): readonly Binding[] {
  return profiles.flatMap(({ name: namespace, owner }) => {
    const binding = (name: string, role: string, subject: Binding['subjects'][number]): Binding => ({
      kind: 'RoleBinding',
      namespace,
      name,
      roleRef: { kind: 'ClusterRole', name: role },
      subjects: [subject],
    })
    const account = (name: string) => ({ kind: 'ServiceAccount', name, namespace })
    return [
      binding('namespaceAdmin', 'kubeflow-admin', owner),
      binding('default-editor', 'kubeflow-edit', account('default-editor')),
      binding('default-viewer', 'kubeflow-view', account('default-viewer')),
    ]
  })
}

function grantsOf(binding: Binding, namespace: string, rules: readonly Rule[]): readonly Grant[] {
  const place = namespace === '' ? '' : `/${namespace}`
  return binding.subjects.flatMap((subject) => {
    const home = subject.namespace || binding.namespace
    const known: Readonly<Record<string, readonly [user: string, label: string]>> = {
      User: [subject.name, `User "${subject.name}"`],
      ServiceAccount: [
        `system:serviceaccount:${home}:${subject.name}`,
        `ServiceAccount "${subject.name}/${home}"`,
      ],
    }
    const who = known[subject.kind]
    if (!who) return []
    const role = `${binding.roleRef.kind} "${binding.roleRef.name}"`
    const reason = `RBAC: allowed by ${binding.kind} "${binding.name}${place}" of ${role} to ${who[1]}`
    return [{ namespace, user: who[0], rules, reason }]
  })
}

/** Undefined: nobody has that role. */
function rulesOf(mesh: AccessMesh, binding: Binding): readonly Rule[] | undefined {
  const { kind, name } = binding.roleRef
  const role = mesh.roles.find(
    (one) =>
      one.kind === kind &&
      one.name === name &&
      (kind === 'ClusterRole' || one.namespace === binding.namespace),
  )
  const rules = role && resolved(mesh, role, new Set())
  if (rules && rules.length > 0) return rules
  // An aggregated role whose parts are not in the YAML says nothing: then Kubeflow's own meaning holds.
  return (kind === 'ClusterRole' && Object.hasOwn(wellKnown, name) ? wellKnown[name] : undefined) ?? rules
}

/** A role's own rules and those of every ClusterRole it aggregates. */
function resolved(mesh: AccessMesh, role: Role, seen: Set<Role>): readonly Rule[] {
  if (seen.has(role)) return []
  seen.add(role)
  const parts = mesh.roles.filter(
    (one) =>
      one.kind === 'ClusterRole' && role.aggregationLabels.some((wanted) => hasLabels(one.labels, wanted)),
  )
  return [...role.rules, ...parts.flatMap((part) => resolved(mesh, part, seen))]
}

const hasLabels = (labels: Labels, wanted: Labels) =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value)

const has = (values: readonly string[], value: string) => values.includes('*') || values.includes(value)

const allows = (one: Rule, verb: string, resource: string, name: string) =>
  has(one.apiGroups, group) &&
  has(one.verbs, verb) &&
  has(one.resources, resource) &&
  (one.resourceNames.length === 0 || one.resourceNames.includes(name))
