/**
 * Who asks, and may they: backend/src/apiserver/auth and ResourceManager.IsAuthorized. The user header
 * is asked first, then a Bearer token; the first that yields an identity decides, and when none does
 * the answer tells every reason, each once.
 */
import {
  badRequest,
  internal,
  PlainRefusal,
  permissionDenied,
  Refusal,
  unauthenticated,
  unavailable,
} from './failure.ts'
import { audience, type PipelinesOptions } from './options.ts'
import { traits } from './release.ts'

/** What is asked about; the user is added here. */
export interface Attributes {
  readonly namespace: string
  readonly verb: string
  readonly resource: 'pipelines' | 'experiments' | 'runs' | 'jobs'
  readonly name?: string
}

export type Authorize = (headers: Headers, attributes: Attributes) => Promise<void>

const missing = () => {
  const text = 'Request header error: there is no user identity header.'
  return unauthenticated(text, text)
}

/** Fetch joins repeated headers with `, `, and no user name or token has that in it. */
function singleHeader(headers: Headers, name: string, prefix: string): string {
  const value = headers.get(name)
  if (value === null) throw missing()
  const count = value.split(', ').length
  if (count !== 1) {
    const text = `Request header error: unexpected number of '${name}' headers. Expect 1 got ${count}`
    throw badRequest(text, text)
  }
  if (!value.startsWith(prefix)) {
    const text = `Header '${name}' is incorrectly formatted. Expected prefix '${prefix}'`
    throw badRequest(text, text)
  }
  return value.slice(prefix.length)
}

/** `ResourceAttributes` as Go prints it with `%+v`. */
function printAttributes(attributes: Attributes, selectors: boolean): string {
  const fields = [
    `Namespace:${attributes.namespace}`,
    `Verb:${attributes.verb}`,
    'Group:pipelines.kubeflow.org',
    'Version:v1beta1',
    `Resource:${attributes.resource}`,
    'Subresource:',
    `Name:${attributes.name ?? ''}`,
    ...(selectors ? ['FieldSelector:nil', 'LabelSelector:nil'] : []),
  ]
  return `&ResourceAttributes{${fields.join(',')},}`
}

/** k8s.io/apimachinery's Aggregate: each text once, in brackets when there are several. */
function aggregate(errors: readonly Error[]): string {
  const texts = [...new Set(errors.map((error) => error.message))]
  return texts.length === 1 ? (texts[0] as string) : `[${texts.join(', ')}]`
}

/** A throw and a rejection alike. */
const attempt = async <T>(work: () => T | Promise<T>): Promise<T> => work()

const isTimeout = (error: unknown) => error instanceof Error && error.name === 'TimeoutError'
const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

export function createAuthorize(options: PipelinesOptions): Authorize {
  const release = traits[options.release]

  async function reviewToken(headers: Headers): Promise<string> {
    const token = singleHeader(headers, 'Authorization', 'Bearer ')
    const doing = 'Authentication failure'
    const review = await attempt(() => options.tokenReview(token, [audience])).catch((error: unknown) => {
      throw unauthenticated(
        reasonOf(error),
        'Request header error: Failed to review the token provided',
      ).within(doing)
    })
    if (!review.authenticated) {
      throw unauthenticated(
        'Failed to authenticate token review',
        `Review.Status.Authenticated is false. Error ${review.error ?? ''}`,
      ).within(doing)
    }
    const granted = review.audiences ?? []
    if (!granted.includes(audience)) {
      throw unauthenticated(
        'Failed to authenticate token review',
        `Failed to find all of '[${audience}]' in audience: [${granted.join(' ')}]`,
      ).within(doing)
    }
    return review.username ?? ''
  }

  const authenticators = [
    async (headers: Headers) => singleHeader(headers, options.userIdHeader, options.userIdPrefix),
    reviewToken,
  ]

  async function identify(headers: Headers): Promise<string> {
    const errors: Error[] = []
    for (const authenticator of authenticators) {
      try {
        const user = await authenticator(headers)
        if (user !== '') return user
        // An empty identity ends the search, as it does there.
        break
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        errors.push(error)
      }
    }
    if (release.missingIdentity === 'internal') {
      if (errors.length > 0) throw new PlainRefusal(aggregate(errors))
      const text = 'Request header error: user identity is empty.'
      throw unauthenticated(text, text)
    }
    const text = 'Failed to check authorization. User identity is empty in the request header'
    if (errors.length === 0) throw new Refusal(16, `Unauthenticated: ${text}`, text)
    throw unauthenticated(aggregate(errors), text)
  }

  return async (headers, attributes) => {
    if (options.sharedRead && (attributes.verb === 'get' || attributes.verb === 'list')) return
    const user = await identify(headers)
    const request = printAttributes(attributes, release.reviewSelectors)
    const answer = await attempt(() => options.accessReview({ user, ...attributes })).catch(
      (error: unknown) => {
        const text = `Failed to create SubjectAccessReview for user '${user}' (request: ${request})`
        throw isTimeout(error)
          ? unavailable(reasonOf(error), `${text} - try again later`)
          : internal(reasonOf(error), text)
      },
    )
    if (!answer.allowed) {
      throw permissionDenied(
        'Unauthorized access',
        `User '${user}' is not authorized with reason: ${answer.reason ?? ''} (request: ${request})`,
      )
    }
  }
}
