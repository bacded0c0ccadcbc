import { renderPage, styleHash } from './page.ts'

/** One row of "what is routed where". */
export interface Routed {
  /** A path prefix, `/pipeline`. */
  readonly prefix: string
  /** `*`, or a host of its own. */
  readonly host: string
  /** `ml-pipeline-ui.kubeflow:80` */
  readonly destination: string
  /** What answers here: `Pipelines API`, `KServe model`, `nothing behind it`. */
  readonly kind: string
}

/** How a session ends at this door; `none` where there is nothing to end. */
export type SignOut =
  /** A link is enough: `/oauth2/sign_out`, and `/logout` of the oldest oidc-authservice. */
  | { readonly kind: 'link'; readonly path: string }
  /** oidc-authservice of v1.7 and later: POST with the session as a Bearer token. */
  | { readonly kind: 'post-session'; readonly path: string; readonly cookie: string }
  | { readonly kind: 'none' }

export interface LandingOptions {
  readonly routes: () => readonly Routed[]
  /** `kubeflow-userid` in Kubeflow. */
  readonly userHeader: string
  /** The namespaces of a user and what they are there: `admin`, `edit`, `view`. */
  readonly namespaces?: (user: string) => readonly { readonly namespace: string; readonly role: string }[]
  readonly signOut?: SignOut
  /** `26.03`; shown, and told in `env-info`. */
  readonly version?: string
}

export type Landing = (request: Request, info?: { readonly remoteAddress?: string }) => Promise<Response>

/** Kubeflow's dashboard calls whoever has no identity header this. */
const nobody = 'anonymous@kubeflow.org'

/**
 * What stands at `/` of a local door, in the place of Kubeflow's dashboard: one page that says who
 * you are, what is routed where and how to sign out, and the two questions of the dashboard's API
 * that scripts ask (`/api/workgroup/exists`, `/api/workgroup/env-info`).
 *
 * It believes the identity header, as the dashboard does; that only the gateway can set it is the
 * policy's work.
 *
 * @example
 * const landing = createLanding({ routes: () => [], userHeader: 'kubeflow-userid' })
 * await landing(new Request('http://door/'))
 */
export function createLanding(options: LandingOptions): Landing {
  return async (request) => {
    const { pathname } = new URL(request.url)
    const given = request.headers.get(options.userHeader) || undefined
    const user = given ?? nobody
    const namespaces = given === undefined ? [] : (options.namespaces?.(given) ?? [])
    if (request.method !== 'GET' && request.method !== 'HEAD') return noRoute()
    switch (pathname) {
      case '/':
        return page(
          renderPage({
            user: given,
            userHeader: options.userHeader,
            namespaces,
            routes: options.routes(),
            signOut: options.signOut ?? { kind: 'none' },
            version: options.version,
            language: languageOf(request.headers.get('accept-language')),
          }),
        )
      case '/api/workgroup/exists':
        return json({
          hasAuth: given !== undefined,
          user,
          hasWorkgroup: namespaces.length > 0,
          registrationFlowAllowed: false,
        })
      case '/api/workgroup/env-info':
        return json({
          user,
          platform: {
            provider: 'other://',
            providerName: 'other',
            logoutUrl: options.signOut && 'path' in options.signOut ? options.signOut.path : '',
            kubeflowVersion: options.version ?? '',
          },
          namespaces: namespaces.map(({ namespace, role }) => ({
            user,
            namespace,
            // The dashboard calls whoever has a namespace's admin role its owner.
            role: role === 'admin' ? 'owner' : 'contributor',
          })),
          isClusterAdmin: false,
        })
      default:
        return noRoute()
    }
  }
}

/** Korean for who asks for it first; English for everybody else. */
function languageOf(accept: string | null): 'en' | 'ko' {
  return /^\s*ko\b/i.test(accept ?? '') ? 'ko' : 'en'
}

const noRoute = () => json({ error: "Could not find the route you're looking for" }, 404)

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  })
}

function page(text: string): Response {
  return new Response(text, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-language': text.includes('<html lang="ko">') ? 'ko' : 'en',
      'content-security-policy': `default-src 'none'; style-src '${styleHash}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}
