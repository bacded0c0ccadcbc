import type { Clock } from '../base/index.ts'
import type { SigningKeys } from '../identity/index.ts'
import type { DexClient, DexConfig } from './config.ts'
import type { PasswordConnector } from './connectors/connector.ts'
import type { TokenIdentity } from './exchange.ts'
import type { DexGeneration } from './generation.ts'
import { errorPage } from './pages/index.ts'
import { styleHash } from './pages/style.ts'
import { preferredLanguage } from './pages/words.ts'
import { page } from './reply.ts'
import type { SignInLimiter } from './sign-in-limiter.ts'
import type { Store } from './store.ts'

/** What happened, for the log. Never a password, a code or a token. */
export type IssuerEvent =
  | { readonly kind: 'signed-in'; readonly connector: string; readonly email: string }
  | { readonly kind: 'sign-in-refused'; readonly connector: string; readonly remoteAddress: string }
  | { readonly kind: 'sign-in-limited'; readonly connector: string; readonly remoteAddress: string }
  | { readonly kind: 'connector-failed'; readonly connector: string; readonly reason: string }
  /** A bug or a store that failed; the caller saw 500. */
  | { readonly kind: 'failed'; readonly path: string; readonly reason: string }
  | { readonly kind: 'client-refused'; readonly client: string; readonly reason: string }

/** What every handler of this room is given. */
export interface IssuerContext {
  readonly config: DexConfig
  readonly generation: DexGeneration
  readonly keys: SigningKeys
  readonly clock: Clock
  readonly store: Store
  readonly connectors: ReadonlyMap<string, PasswordConnector>
  /** Whose tokens can be exchanged, by `connector_id`. */
  readonly exchanges: ReadonlyMap<string, TokenIdentity>
  readonly limiter: SignInLimiter
  /** The issuer's path, `/dex`, without a slash at its end. */
  readonly base: string
  readonly log: (event: IssuerEvent) => void
}

/** One request, with what was read from it once. */
export interface Visit {
  readonly request: Request
  readonly url: URL
  readonly remoteAddress: string
  /** Of the query, then of the body: Go's `Request.Form` has the body first. */
  readonly form: URLSearchParams
  /** Of the body alone: Go's `Request.PostForm`. */
  readonly body: URLSearchParams
}

export function clientOf(context: IssuerContext, id: string): DexClient | undefined {
  return context.config.clients.find((client) => client.id === id)
}

/** Go's http.StatusText for the statuses Dex shows. */
const statusTexts: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  413: 'Request Entity Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
}

/** Dex's `renderError`. */
export function errorReply(
  { request }: Pick<Visit, 'request'>,
  status: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  const language = preferredLanguage(request.headers.get('accept-language'))
  const text = statusTexts[status] ?? 'Error'
  return page(status, errorPage(language, text, message), styleHash, {
    ...headers,
    'content-language': language,
  })
}

export function languageOf({ request }: Visit) {
  return preferredLanguage(request.headers.get('accept-language'))
}
