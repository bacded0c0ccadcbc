import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** One line of a corpus; the fields are told in the `README.md` beside a full set. */
export interface Attack {
  readonly id: string
  readonly class: string
  readonly why: string
  readonly against: string
  readonly setup: string
  readonly must: string
  readonly strictly?: boolean
  readonly also?: readonly string[]
  readonly transport?: 'raw' | 'http'
  readonly proto?: 'h2'
  readonly raw?: string
  readonly request?: Request
  readonly normal?: Partial<Request> & { readonly 'grpc-path'?: string }
  readonly token?: TokenRecipe
  readonly fill?: { readonly text: string; readonly times: number }
  readonly pace?: { readonly bytes: number; readonly every_ms: number }
  readonly read_pace?: { readonly bytes?: number; readonly every_ms?: number }
  readonly connections?: number
  readonly repeat?: number
  readonly tls?: { readonly sni?: string; readonly min?: string; readonly max?: string }
  /** Who connects: another user of this machine. */
  readonly peer?: 'other-uid'
  readonly follow?: string
  readonly then?: {
    readonly 'sign-out'?: string
    readonly clock?: string
    readonly request?: Request
    readonly expect?: string
  }
}

export interface Request {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** A form, or an object that is sent as JSON. */
  readonly body?:
    | string
    | { readonly form: Readonly<Record<string, string>> }
    | Readonly<Record<string, unknown>>
    | null
  readonly grpc?: GrpcCheck
}

export interface GrpcCheck {
  readonly attributes?: {
    readonly request?: { readonly http?: Readonly<Record<string, unknown>> }
    readonly [more: string]: unknown
  }
}

export interface TokenRecipe {
  readonly base?: string
  readonly header?: Readonly<Record<string, unknown>>
  readonly payload?: Readonly<Record<string, unknown>>
  readonly sign?: { readonly alg?: string; readonly key?: string; readonly tamper?: string }
}

/** Every entry of a folder's `*.jsonl` and `*.jsonl.gz`, files by name. */
export function readFolder(dir: string): readonly Attack[] {
  return readdirSync(dir)
    .filter((name) => /\.jsonl(\.gz)?$/.test(name))
    .sort()
    .flatMap((name) => {
      const bytes = readFileSync(join(dir, name))
      const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
      return text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line) as Attack)
    })
}
