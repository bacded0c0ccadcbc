/**
 * SubjectAccessReviews answered from YAML: Kubernetes RBAC over the mesh's roles and bindings, with
 * what Kubeflow's profile controller would add to them (plugin/pkg/auth/authorizer/rbac/rbac.go).
 */
import type { At } from '../../base/index.ts'
import type { Labels, Mesh, Role, RoleBinding } from '../../mesh/index.ts'
import type { ObjectRef } from '../bound-route.ts'

type Rule = Pick<Role['rules'][number], 'apiGroups' | 'resources' | 'verbs' | 'resourceNames'>

const pipelinesGroup = 'pipelines.kubeflow.org'
const rule = (resources: readonly string[], verbs: readonly string[]): Rule => ({
  apiGroups: [pipelinesGroup],
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
  'kubeflow-pipelines-edit': edit,
  'kubeflow-pipelines-view': view,
  'cluster-admin': [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'], resourceNames: [] }],
}

export type AccessMesh = Pick<Mesh, 'roles' | 'roleBindings' | 'profiles'>

/** The part of a SubjectAccessReview that is asked about. */
export interface AccessQuestion {
  readonly user: string
  readonly group: string
  readonly namespace: string
  readonly verb: string
  readonly resource: string
  readonly name?: string
}

export interface AccessAnswer {
  readonly allowed: boolean
  /** In the words of Kubernetes; empty, or the role nobody has, where it is refused. */
  readonly reason: string
  /** What allows it. */
  readonly by?: { readonly object: ObjectRef; readonly at: At }
  /** A binding of this user whose role's rules for this group are not in the YAML. */
  readonly unsure?: { readonly object: ObjectRef; readonly at: At; readonly role: string }
}

interface Grant {
  /** '' = every namespace. */
  readonly namespace: string
  readonly user: string
  readonly rules: readonly Rule[]
  readonly reason: string
  readonly role: string
  /** The rules are Kubeflow's own, which are known here for Pipelines only. */
  readonly assumed: boolean
  readonly object: ObjectRef
  readonly at: At
}

/**
 * Decides from RoleBindings, ClusterRoleBindings, Roles, ClusterRoles (aggregated ones too) and
 * Profiles: a Profile's owner is admin of its namespace, `default-editor` and `default-viewer` edit
 * and view in it, whether or not the bindings the controller makes are in the YAML. Subjects are
 * users and service accounts (`system:serviceaccount:NS:NAME`); groups match nobody, since Kubeflow's
 * applications ask without groups.
 *
 * @example
 * const review = accessReview(mesh)
 * review({ user, group: 'pipelines.kubeflow.org', namespace: 'team', verb: 'list', resource: 'runs' })
 */
export function accessReview(mesh: AccessMesh): (question: AccessQuestion) => AccessAnswer {
  const missing = new Map<string, string[]>()
  const grants = [...mesh.roleBindings.map(asWritten), ...profileBindings(mesh)].flatMap((binding) => {
    const namespace = binding.kind === 'ClusterRoleBinding' ? '' : binding.namespace
    const found = rulesOf(mesh, binding)
    if (found === undefined) {
      const text = `${binding.roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(binding.roleRef.name)} not found`
      missing.set(namespace, [...(missing.get(namespace) ?? []), text])
      return []
    }
    return grantsOf(binding, namespace, found)
  })

  return (question) => {
    const { user, namespace, group } = question
    const own = grants.filter(
      (known) => known.user === user && (known.namespace === '' || known.namespace === namespace),
    )
    const grant = own.find((known) => known.rules.some((one) => allows(one, question)))
    if (grant) {
      return { allowed: true, reason: grant.reason, by: { object: grant.object, at: grant.at } }
    }
    const unsure = own.find(({ assumed }) => assumed && group !== pipelinesGroup)
    const unresolved = [...new Set([...(missing.get('') ?? []), ...(missing.get(namespace) ?? [])])]
    const all = unresolved.length === 1 ? unresolved[0] : `[${unresolved.join(', ')}]`
    return {
      allowed: false,
      reason: unresolved.length === 0 ? '' : `RBAC: ${all}`,
      ...(unsure && { unsure: { object: unsure.object, at: unsure.at, role: unsure.role } }),
    }
  }
}

/** Namespaces some binding or Profile is about: where an answer could differ. */
export function boundNamespaces(mesh: AccessMesh): readonly string[] {
  return [
    ...new Set([
      ...mesh.roleBindings.filter(({ kind }) => kind === 'RoleBinding').map(({ namespace }) => namespace),
      ...mesh.profiles.map(({ name }) => name),
    ]),
  ]
}

type Binding = Pick<RoleBinding, 'kind' | 'namespace' | 'name' | 'roleRef' | 'subjects'> & {
  readonly object: ObjectRef
  readonly at: At
}

function asWritten(binding: RoleBinding): Binding {
  const { kind, namespace, name } = binding
  return { ...binding, object: { kind, namespace, name } }
}

/** What the profile controller makes in a Profile's namespace (profile_controller.go). */
function profileBindings({ profiles }: AccessMesh): readonly Binding[] {
  return profiles.flatMap(({ name: namespace, owner, at }) => {
    const binding = (name: string, role: string, subject: Binding['subjects'][number]): Binding => ({
      kind: 'RoleBinding',
      namespace,
      name,
      roleRef: { kind: 'ClusterRole', name: role },
      subjects: [subject],
      object: { kind: 'Profile', namespace: '', name: namespace },
      at,
    })
    const account = (name: string) => ({ kind: 'ServiceAccount', name, namespace })
    return [
      binding('namespaceAdmin', 'kubeflow-admin', owner),
      binding('default-editor', 'kubeflow-edit', account('default-editor')),
      binding('default-viewer', 'kubeflow-view', account('default-viewer')),
    ]
  })
}

interface FoundRules {
  readonly rules: readonly Rule[]
  readonly assumed: boolean
}

function grantsOf(binding: Binding, namespace: string, found: FoundRules): readonly Grant[] {
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
    const { object, at } = binding
    return [{ namespace, user: who[0], reason, role: binding.roleRef.name, object, at, ...found }]
  })
}

/** Undefined: nobody has that role. */
function rulesOf(mesh: AccessMesh, binding: Binding): FoundRules | undefined {
  const { kind, name } = binding.roleRef
  const role = mesh.roles.find(
    (one) =>
      one.kind === kind &&
      one.name === name &&
      (kind === 'ClusterRole' || one.namespace === binding.namespace),
  )
  const rules = role && resolved(mesh, role, new Set())
  if (rules && rules.length > 0) return { rules, assumed: false }
  // An aggregated role whose parts are not in the YAML says nothing: then Kubeflow's own meaning holds.
  const own = kind === 'ClusterRole' && Object.hasOwn(wellKnown, name) ? wellKnown[name] : undefined
  if (own !== undefined) return { rules: own, assumed: name !== 'cluster-admin' }
  return rules && { rules, assumed: false }
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

const allows = (one: Rule, { group, verb, resource, name = '' }: AccessQuestion) =>
  has(one.apiGroups, group) &&
  has(one.verbs, verb) &&
  has(one.resources, resource) &&
  (one.resourceNames.length === 0 || one.resourceNames.includes(name))
