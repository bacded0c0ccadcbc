import type { Attributes } from './auth.ts'
import type { PipelinesOptions } from './options.ts'
import type { Traits } from './release.ts'
import type { Database } from './store/database.ts'
import type { Fields } from './wire/decode.ts'
import type { ApiVersion, MessageName } from './wire/query.ts'

/** One request, as a handler sees it. */
export interface Call {
  readonly api: ApiVersion
  readonly headers: Headers
  /** From the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The decoded message; `{}` where the route has none. */
  readonly body: Fields
}

/** What every handler works with. */
export interface Service {
  readonly options: PipelinesOptions
  readonly traits: Traits
  readonly db: Database
  /** Seconds since the epoch. */
  readonly now: () => number
  readonly newId: () => string
  /** Authenticates and authorizes; in single-user mode everybody may do everything. */
  readonly authorize: (call: Pick<Call, 'headers'>, attributes: Attributes) => Promise<void>
}

/** The JSON answer, before fields with zero values are left out. */
export type Handler = (service: Service, call: Call) => Promise<Readonly<Record<string, unknown>>>

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** As in the .proto: `/apis/v2beta1/runs/{run_id}:archive`. */
  readonly path: string
  /** The message in the body, by its name in wire/messages-v1.ts and -v2.ts. */
  readonly body?: MessageName
  readonly handler: Handler
}

export const text = (value: unknown) => (typeof value === 'string' ? value : '')

/** Single-user mode has no namespaces: whatever was asked for is the empty one (ReplaceNamespace). */
export const effectiveNamespace = (service: Service, namespace: string) =>
  service.options.multiUser ? namespace : ''
