/**
 * Kubeflow's web apps (crud-web-apps/common/backend/kubeflow/kubeflow/crud_backend: authn.py,
 * authz.py): every page wants the user header, every call of the API a SubjectAccessReview.
 */
import { containerEnvironment, type Workload } from '../../mesh/index.ts'
import { accessReview } from './access-review.ts'
import { type Application, type Arrival, containerOf, Visit } from './application.ts'

const image = /(^|\/)(jupyter|volumes|tensorboards)-web-app(:|@|$)/

export function isWebApp(workload: Workload): boolean {
  return containerOf(workload, image) !== undefined
}

/** Plural in the path → the API group that is asked about. */
const groups: Readonly<Record<string, string>> = {
  notebooks: 'kubeflow.org',
  poddefaults: 'kubeflow.org',
  pvcs: '',
  tensorboards: 'tensorboard.kubeflow.org',
}
const verbs: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', DELETE: 'delete' }

export function visitWebApp(arrival: Arrival): Application {
  const visit = new Visit(arrival)
  const container = containerOf(arrival.workload, image)
  const environment = container && containerEnvironment(arrival.mesh, arrival.workload, container)
  if (/^true$/i.test(environment?.APP_DISABLE_AUTH ?? '')) {
    visit.step('passed', 'checks-off', 'APP_DISABLE_AUTH switches its checks off')
    return visit.end('allow', 'checks-off')
  }
  const path = arrival.path.split('?', 1)[0] ?? ''
  if (/^\/healthz\//.test(path)) {
    visit.step('passed', 'open-call', 'probes are answered to everybody')
    return visit.end('allow', 'open-call')
  }
  const header = (environment?.USERID_HEADER ?? 'kubeflow-userid').toLowerCase()
  const prefix = environment?.USERID_PREFIX ?? ''
  const sent = visit.header(header)
  if (sent === undefined) {
    return visit.refuse('identity-missing', 401, `No user detected: there is no \`${header}\` header`)
  }
  const user = sent.startsWith(prefix) ? sent.slice(prefix.length) : sent
  visit.step('matched', 'identity-header', `\`${header}\` says ${user}`)
  if (!path.startsWith('/api/')) return visit.end('allow', 'identity-header')
  const [, namespace, plural = '', name] =
    /^\/api\/namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? []
  const group = Object.hasOwn(groups, plural) ? groups[plural] : undefined
  if (namespace === undefined || group === undefined) {
    return visit.undecided('call-unknown', `which access ${arrival.method} ${path} needs is not known here`)
  }
  const verb = verbs[arrival.method] ?? (name === undefined ? 'list' : 'get')
  const resource = plural === 'pvcs' ? 'persistentvolumeclaims' : plural
  const { allowed, reason, by, unsure } = accessReview(arrival.mesh)({
    user,
    group,
    namespace,
    verb,
    resource,
  })
  const what = `${verb} ${resource} in ${namespace}`
  if (allowed) {
    visit.step('matched', 'access-granted', `${user} may ${what} (${reason})`, by)
    return visit.end('allow', 'access-granted')
  }
  if (unsure !== undefined) {
    const text = `whether ClusterRole ${unsure.role} lets ${user} ${what} is not in the YAML`
    return visit.undecided('role-not-given', text, unsure)
  }
  return visit.refuse('access-denied', 403, `${user} may not ${what}${reason === '' ? '' : ` (${reason})`}`)
}
