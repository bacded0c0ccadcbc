/** What `conformance/README.md` says an engine is compared on, and nothing else. */
import type { Case, CaseOutcome, HeaderList } from '../src/policy/index.ts'

export interface Recorded extends Case {
  readonly tags: readonly string[]
  readonly expect: Expectation
}

export interface Expectation {
  readonly status?: number
  readonly body?: string
  readonly responseHeaders?: HeaderList
  readonly error?: string
  readonly upstream?: string
  readonly upstreamMethod?: string
  readonly upstreamPath?: string
  readonly upstreamHost?: string
  readonly upstreamHeaders?: HeaderList
  readonly upstreamAttempts?: number
  readonly mirrors?: unknown
  readonly checks?: readonly Readonly<Record<string, unknown>>[]
  readonly unstableHeaders?: readonly string[]
}

/** Why a case is not put to an engine; undefined = it is. */
export function leftOut({ expect, answers, request }: Recorded): string | undefined {
  if (expect.upstreamAttempts !== undefined) return 'retries'
  if (expect.mirrors !== undefined) return 'mirrors'
  if (answers?.some((answer) => answer.delayMs !== undefined)) return 'slow provider'
  const { status = 0, body = '', upstream } = expect
  if (upstream !== undefined) return undefined
  if (
    request.workload !== undefined &&
    request.workload.kind === undefined &&
    status >= 502 &&
    status <= 504
  ) {
    return 'missing endpoint'
  }
  if (status === 504) return 'timeout'
  if (status === 503 && (body === '' || body === 'no healthy upstream') && !answers?.length) {
    return 'missing endpoint'
  }
  return undefined
}

/** Fields that differ, each as `field: got, want`; empty = agreement. */
export function differences(recorded: Recorded, got: CaseOutcome): readonly string[] {
  const { expect, request } = recorded
  const found: string[] = []
  const compare = (field: string, actual: unknown, wanted: unknown) => {
    const [a, b] = [JSON.stringify(actual ?? null), JSON.stringify(wanted ?? null)]
    if (a !== b) found.push(`${field}: got ${a}, want ${b}`)
  }
  if (expect.error !== undefined) {
    compare('error', got.error, expect.error)
  } else if (expect.upstream !== undefined) {
    compare('upstream', got.upstream, expect.upstream)
    if (got.upstream !== expect.upstream) {
      found.push(`instead: ${got.status ?? got.error ?? got.verdict} ${got.body ?? ''} ${got.reason ?? ''}`)
      return found
    }
    if (isTcp(recorded)) return found
    compare('upstreamMethod', got.upstreamMethod, expect.upstreamMethod)
    compare('upstreamPath', got.upstreamPath, expect.upstreamPath)
    compare('upstreamHost', got.upstreamHost, expect.upstreamHost)
    const unstable = expect.unstableHeaders ?? []
    compare(
      'upstreamHeaders',
      stable(got.upstreamHeaders, unstable),
      stable(expect.upstreamHeaders, unstable),
    )
  } else {
    compare('status', got.status, expect.status)
    compare('body', got.body, expect.body)
    compare('responseHeaders', relevant(got.responseHeaders), relevant(expect.responseHeaders))
  }
  if (!(request.workload !== undefined && isTcp(recorded))) {
    compare('checks', (got.checks ?? []).map(check), (expect.checks ?? []).map(check))
  }
  return found
}

/** On a TCP port only the outcome counts; such cases carry what the client sent. */
export function isTcp({ request, expect, tags }: Recorded): boolean {
  // Of a gateway's own TCP servers too, where they are not recorded.
  if (tags.includes('bytes')) return expect.upstream !== undefined
  return (
    request.workload !== undefined &&
    request.workload.kind === undefined &&
    expect.upstream !== undefined &&
    (tags.includes('tcp') || tags.some((tag) => /^port:(3306|9000|9001|5432|tcp)/.test(tag)))
  )
}

function stable(headers: HeaderList | undefined, unstable: readonly string[]): HeaderList {
  return (headers ?? []).filter(([name]) => !unstable.includes(name))
}

const answered =
  /^(location|www-authenticate|set-cookie|content-type|x-auth-reason|retry-after|access-control-.*)$/

function relevant(headers: HeaderList | undefined): HeaderList {
  return (headers ?? []).filter(([name]) => answered.test(name))
}

const own = /^x-envoy-|^content-length$/
const ownGrpc = /^x-envoy-|^x-forwarded-|^content-length$/

function check(value: Readonly<Record<string, unknown>>): unknown {
  const { service, method, path, host, headers, grpc } = value
  if (grpc === undefined) {
    return {
      service,
      method,
      path,
      host,
      headers: (headers as HeaderList)?.filter(([name]) => !own.test(name)),
    }
  }
  const request = grpc as Readonly<Record<string, unknown>>
  const source = request.source as { principal?: string } | undefined
  const destination = request.destination as { principal?: string; port?: number } | undefined
  return {
    service,
    method: request.method,
    path: request.path,
    host: request.host,
    scheme: request.scheme,
    protocol: request.protocol,
    headers: ((request.headers as HeaderList) ?? []).filter(([name]) => !ownGrpc.test(name)),
    source: source?.principal,
    destination: destination?.principal,
    port: destination?.port,
    body: request.body,
  }
}
