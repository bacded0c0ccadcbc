/**
 * The Pipelines API server's own check (backend/src/apiserver/auth, ResourceManager.IsAuthorized): the
 * user header first, then a TokenReview of the Bearer token, then a SubjectAccessReview.
 */
import { parseGoBool } from '../../base/index.ts'
import { containerEnvironment, type Workload } from '../../mesh/index.ts'
import { readToken } from '../token.ts'
import { type AccessQuestion, accessReview, boundNamespaces } from './access-review.ts'
import { type Application, type Arrival, containerOf, Visit } from './application.ts'
import { type PipelinesCall, pipelinesCall } from './pipelines-routes.ts'

const image = /(^|\/)(kfp-)?api-server(:|@|$)/

export function isPipelines(workload: Workload): boolean {
  return containerOf(workload, image) !== undefined
}

/** `TOKEN_REVIEW_AUDIENCE` of the server, unless it is told another. */
const usualAudience = 'pipelines.kubeflow.org'

interface Settings {
  readonly multiUser: boolean
  readonly header: string
  readonly prefix: string
  readonly sharedRead: boolean
  readonly audience: string
  /** Before 2.0 a missing identity was an internal error. */
  readonly old: boolean
}

function settingsOf({ mesh, workload }: Arrival): Settings {
  const container = containerOf(workload, image)
  const environment = container === undefined ? {} : containerEnvironment(mesh, workload, container)
  const tag = container?.image.split('@')[0]?.split(':').at(-1) ?? ''
  return {
    multiUser: parseGoBool(environment.MULTIUSER) ?? true,
    header: (environment.KUBEFLOW_USERID_HEADER ?? 'kubeflow-userid').toLowerCase(),
    prefix: environment.KUBEFLOW_USERID_PREFIX ?? '',
    sharedRead: parseGoBool(environment.MULTIUSER_SHARED_READ) ?? false,
    audience: environment.TOKEN_REVIEW_AUDIENCE ?? usualAudience,
    old: /^v?(1\.|2\.0\.0-alpha)/.test(tag),
  }
}

export function visitPipelines(arrival: Arrival): Application {
  const visit = new Visit(arrival)
  const settings = settingsOf(arrival)
  const call = pipelinesCall(arrival.method, arrival.path, arrival.body)
  if (call.kind === 'no-route') {
    return visit.refuse('no-such-call', 404, `the Pipelines API has no ${arrival.method} ${arrival.path}`)
  }
  if (call.kind === 'open') {
    visit.step('passed', 'open-call', call.why)
    return visit.end('allow', 'open-call')
  }
  if (!settings.multiUser) {
    visit.step('passed', 'single-user', 'MULTIUSER is off, so everybody may do everything')
    return visit.end('allow', 'single-user')
  }
  if (settings.sharedRead && (call.verb === 'get' || call.verb === 'list')) {
    visit.step('passed', 'shared-read', 'MULTIUSER_SHARED_READ lets everybody get and list')
    return visit.end('allow', 'shared-read')
  }
  if (call.namespace === '') {
    if (call.resource !== 'pipelines') {
      return visit.refuse('namespace-missing', 400, `${call.verb} ${call.resource} needs a namespace`)
    }
    visit.step('passed', 'shared-pipelines', 'pipelines without a namespace are shared by everybody')
    return visit.end('allow', 'shared-pipelines')
  }
  const who = identify(visit, settings)
  if (typeof who !== 'string') return who
  return authorize(visit, who, call)
}

/** The user, or what became of the request without one. */
function identify(visit: Visit, settings: Settings): string | Application {
  const { header, prefix, audience } = settings
  const sent = visit.header(header)
  const status = settings.old ? 500 : 401
  if (sent !== undefined && !sent.includes(', ') && sent.startsWith(prefix)) {
    const user = sent.slice(prefix.length)
    if (user === '') return visit.refuse('identity-empty', status, `\`${header}\` is empty`)
    visit.step('matched', 'identity-header', `\`${header}\` says ${user}`)
    return user
  }
  const problem =
    sent === undefined
      ? `there is no \`${header}\` header`
      : `\`${header}\` is not one value that begins with \`${prefix}\``
  visit.step('missed', 'identity-header-missing', problem)
  const token = /^Bearer (.*)$/.exec(visit.header('authorization') ?? '')?.[1]
  if (token === undefined) {
    const text = 'Request header error: there is no user identity header.'
    return visit.refuse('identity-missing', status, text)
  }
  const read = readToken(token)
  if (typeof read === 'string') {
    return visit.refuse('token-not-authenticated', status, 'the Bearer token is no token at all')
  }
  const subject = String(read.payload.sub ?? '')
  if (!read.audiences.includes(audience)) {
    const got = read.audiences.join(' ')
    const text = `Failed to find all of '[${audience}]' in audience: [${got}]`
    return visit.refuse('token-audience', status, text)
  }
  // Only the cluster itself can review a token, and it knows its own only.
  if (!subject.startsWith('system:serviceaccount:')) {
    return visit.undecided(
      'token-review-unknown',
      `whether the cluster authenticates ${subject || 'a token without subject'} is not in the YAML`,
    )
  }
  if (!visit.arrival.verified('', token)) {
    return visit.undecided('token-review-unknown', `only the cluster can review the token of ${subject}`)
  }
  visit.step('matched', 'token-reviewed', `a TokenReview for audience ${audience} says ${subject}`)
  return subject
}

const group = 'pipelines.kubeflow.org'

function authorize(
  visit: Visit,
  user: string,
  call: Extract<PipelinesCall, { readonly kind: 'access' }>,
): Application {
  const { mesh } = visit.arrival
  const review = accessReview(mesh)
  const { resource, verb, name } = call
  const ask = (namespace: string) => {
    const question: AccessQuestion = { user, group, namespace, verb, resource, ...(name && { name }) }
    return review(question)
  }
  if (call.namespace !== undefined) {
    const { allowed, reason, by } = ask(call.namespace)
    const what = `${user} ${allowed ? 'may' : 'may not'} ${verb} ${resource} in ${call.namespace}`
    const text = reason === '' ? what : `${what} (${reason})`
    if (!allowed) return visit.refuse('access-denied', 403, text)
    visit.step('matched', 'access-granted', text, by)
    return visit.end('allow', 'access-granted')
  }
  // The object decides in which namespace it is, and only the server's database knows.
  const everywhere = ask('')
  if (everywhere.allowed) {
    visit.step('matched', 'access-granted', `${user} may ${verb} ${resource} everywhere`, everywhere.by)
    return visit.end('allow', 'access-granted')
  }
  const granted = boundNamespaces(mesh).filter((namespace) => ask(namespace).allowed)
  if (granted.length === 0 && resource !== 'pipelines') {
    return visit.refuse('access-denied', 403, `${user} may ${verb} ${resource} in no namespace`)
  }
  const where = granted.length === 0 ? 'no namespace, and shared ones' : granted.join(', ')
  return visit.undecided(
    'namespace-unknown',
    `the object's namespace is in the server's database; ${user} may ${verb} ${resource} in ${where}`,
  )
}
