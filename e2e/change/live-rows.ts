/** What changes a door, and what is asked of it then. */
import type { Release } from './commands.ts'

export interface LiveRow {
  readonly words: string
  /** A request once it is applied, and what answers; with the caller's token unless it says `nobody`. */
  readonly ask: readonly [method: string, path: string, status: number, body: RegExp, as?: 'nobody']
  /** Carried out before, and taken back behind it. */
  readonly first?: string
  /** It changes who may do what behind the door, or who stands there, and nothing before: so nothing is asked. */
  readonly behind?: true
}

const own = 'kubeflow-user-example-com'
const model = `/models/${own}/sklearn-iris/v1/models/sklearn-iris`
const predictor = /^echo kubeflow-user-example-com\/sklearn-iris-predictor/
export const predict = `${model}:predict`
export const exposed = 'expose sklearn-iris --to sa:team-a/ci'
/** As Istio answers a token of an issuer that no RequestAuthentication there names. */
const unread = [401, /Jwt issuer is not configured/] as const
const anybody = ['GET', model, 200, predictor, 'nobody'] as const
const toSignIn = ['GET', '/', 302, /^/, 'nobody'] as const

const always: Partial<Record<Release, readonly LiveRow[]>> = {
  '26.03': [
    { words: exposed, ask: ['POST', predict, 200, predictor] },
    { words: 'm2m enable', ask: ['GET', '/', 200, /^echo kubeflow\/centraldashboard/] },
  ],
}
const others: Partial<Record<Release, readonly LiveRow[]>> = {
  '26.03': [
    { words: 'unexpose sklearn-iris', first: exposed, ask: ['POST', predict, ...unread] },
    {
      words: `expose pipelines --to sa:kubeflow/ci -n ${own}`,
      ask: ['GET', '/', ...unread],
      behind: true,
    },
    // A token is read before anybody is sent elsewhere.
    { words: 'tls enable --secret kubeflow-tls', ask: ['GET', '/', 301, /^/, 'nobody'] },
    {
      words: `expose service/${own}/my-notebook --to sa:team-a/ci --methods GET`,
      ask: ['GET', `/services/${own}/my-notebook/`, 200, /^echo kubeflow-user-example-com\/my-notebook/],
    },
    { words: 'expose sklearn-iris --public --yes-anyone-with-the-url', ask: anybody },
    { words: 'migrate oauth2-proxy', ask: ['GET', '/', ...unread], behind: true },
  ],
  'v1.9': [{ words: 'm2m enable', ask: ['GET', '/', 200, /^echo kubeflow\/centraldashboard/] }],
  'v1.8': [
    { words: 'expose sklearn-iris --public --yes-anyone-with-the-url', ask: anybody },
    { words: 'migrate authservice', ask: toSignIn, behind: true },
  ],
  'v1.6': [
    { words: 'split-gateway', ask: toSignIn },
    { words: 'migrate authn-filter --by split-gateway', ask: toSignIn },
    { words: 'migrate authn-filter --by hosts --host kubeflow.example.com', ask: toSignIn },
    { words: 'migrate authn-filter --by paths --path /v1/*', ask: ['GET', '/v1/x', 200, /^echo/] },
  ],
}

/** The rows of each release: the first two, or all. */
export function liveRows(full: boolean): readonly (readonly [Release, readonly LiveRow[]])[] {
  return (['26.03', 'v1.9', 'v1.8', 'v1.6'] as const).map((release) => [
    release,
    [...(always[release] ?? []), ...(full ? (others[release] ?? []) : [])],
  ])
}
