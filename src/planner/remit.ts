/** What plans of kfdoor write. A plan is a file somebody may have sent: anything else in it is nobody's intent. */

import type { Change, KubeObject, Plan } from './plan.ts'
import { textOf } from './raw-door.ts'
import { isSeatChange } from './seat.ts'

const groups: Readonly<Record<string, readonly string[]>> = {
  'networking.istio.io': [
    'Gateway',
    'VirtualService',
    'DestinationRule',
    'ServiceEntry',
    'Sidecar',
    'EnvoyFilter',
  ],
  'security.istio.io': ['AuthorizationPolicy', 'RequestAuthentication', 'PeerAuthentication'],
  '': ['ConfigMap', 'Service', 'ServiceAccount'],
  apps: ['Deployment', 'StatefulSet'],
  'kubeflow.org': ['PodDefault'],
  'cert-manager.io': ['Certificate'],
  'rbac.authorization.k8s.io': ['RoleBinding'],
}

/**
 * Why a plan goes beyond what kfdoor changes: a kind none of its commands writes, or a RoleBinding to a role
 * that is not Kubeflow's own.
 *
 * @param allowed kinds somebody vouches for: `Secret`
 */
export function beyondRemit(
  { spec }: Pick<Plan, 'spec'>,
  allowed: readonly string[] = [],
): readonly string[] {
  return spec.changes.flatMap((change): readonly string[] => {
    const { apiVersion, kind } = change.object
    if (allowed.includes(kind)) return []
    const group = apiVersion.includes('/') ? apiVersion.replace(/\/.*/, '') : ''
    if (groups[group]?.includes(kind) !== true) {
      return [`${textOf(change.object)}: no command of kfdoor writes a ${kind}`]
    }
    if (group === 'apps' && change.op === 'update' && !isSeatChange(change.before, change.after)) {
      return [
        `${textOf(change.object)}: no command of kfdoor changes more of a ${kind} than an auth service’s program`,
      ]
    }
    if (kind !== 'RoleBinding') return []
    return sidesOf(change).flatMap((object) => {
      const { kind: of, name = '' } = (object.roleRef ?? {}) as {
        readonly kind?: string
        readonly name?: string
      }
      const own = of === 'ClusterRole' && /^kubeflow-[a-z-]+$/.test(name) && name !== 'kubeflow-admin'
      return own
        ? []
        : [`${textOf(change.object)}: it binds ${of} ${name}, which no command of kfdoor gives away`]
    })
  })
}

function sidesOf(change: Change): readonly KubeObject[] {
  if (change.op === 'create') return [change.after]
  return change.op === 'delete' ? [change.before] : [change.before, change.after]
}
