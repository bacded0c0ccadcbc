/** What `conformance/README.md` says a running gateway is compared on: everything that was recorded. */
import type { HeaderList } from '../src/policy/index.ts'
import type { Expectation, Recorded } from './compare.ts'
import { isTcp } from './compare.ts'
import type { GatewayOutcome } from './contestants/gateway.ts'
import { sortedHeaders } from './world/http1.ts'
import type { Seen } from './world/world.ts'

const transport = [
  'date',
  'content-length',
  'connection',
  'transfer-encoding',
  'x-envoy-upstream-service-time',
]
const ofTheProxy = /^x-envoy-|^x-forwarded-|^content-length$|^transfer-encoding$|^connection$/

interface Wanted extends Expectation {
  readonly upstreamProxyHeaders?: HeaderList
  readonly upstreamBody?: string
}

/** Fields that differ, each as `field: got, want`; empty = agreement. */
export function gatewayDifferences(recorded: Recorded, got: GatewayOutcome): readonly string[] {
  const expect: Wanted = recorded.expect
  const { answer, seen, checks } = got
  const found: string[] = []
  const compare = (field: string, actual: unknown, wanted: unknown) => {
    const [a, b] = [JSON.stringify(actual ?? null), JSON.stringify(wanted ?? null)]
    if (a !== b) found.push(`${field}: got ${a}, want ${b}`)
  }
  if (expect.error !== undefined || 'error' in answer) {
    const error = 'error' in answer ? answer.error : `none, ${answer.status} ${answer.body}`
    compare('error', isRefusedCertificate(recorded, error) ? expect.error : error, expect.error)
  } else {
    compare('status', answer.status, expect.status)
    compare('body', answer.body, expect.body)
    compare('responseHeaders', sortedHeaders(answer.headers, transport), expect.responseHeaders ?? [])
  }
  const asked = seen.filter(({ service }) => service === expect.upstream)
  const [first] = asked
  if (expect.upstream === undefined) compare('upstream', seen[0]?.service, undefined)
  else if (!first) compare('upstream', seen[0]?.service, expect.upstream)
  else compareUpstream(asked, expect, compare)
  const others = seen.filter(({ service }) => service !== expect.upstream)
  if (expect.upstream !== undefined) {
    compare('mirrors', others.map(mirrorOf), (expect.mirrors as unknown[] | undefined) ?? [])
  }
  // docs/differences.md: a check nobody answered in time was sent, and is not in the recordings.
  const answered = checks.slice(0, recorded.answers?.length ?? 0)
  if (!isTcp(recorded)) compare('checks', answered.map(checkOf), (expect.checks ?? []).map(recordedCheck))
  return found
}

/** docs/differences.md: a client certificate that is refused ends the connection without an alert. */
function isRefusedCertificate({ request, expect }: Recorded, got: string): boolean {
  return (
    request.clientCert !== undefined &&
    expect.error === 'tls handshake failed' &&
    got === 'connection closed without response'
  )
}

type Compare = (field: string, actual: unknown, wanted: unknown) => void

function compareUpstream(asked: readonly Seen[], expect: Wanted, compare: Compare): void {
  const last = asked.at(-1) as Seen
  const unstable = expect.unstableHeaders ?? []
  const without = (headers: HeaderList) => headers.filter(([name]) => !unstable.includes(name))
  compare('upstreamAttempts', asked.length, expect.upstreamAttempts ?? 1)
  compare('upstreamMethod', last.method, expect.upstreamMethod)
  compare('upstreamPath', last.path, expect.upstreamPath)
  compare('upstreamHost', last.host, expect.upstreamHost)
  compare(
    'upstreamHeaders',
    without(last.headers.filter(([name]) => !ofTheProxy.test(name))),
    // docs/differences.md: the gateway itself tells a client that waits to go on.
    without(expect.upstreamHeaders ?? []).filter(([name]) => name !== 'expect'),
  )
  compare(
    'upstreamProxyHeaders',
    last.headers.filter(([name]) => ofTheProxy.test(name)),
    expect.upstreamProxyHeaders ?? [],
  )
  compare('upstreamBody', last.body, Buffer.from(expect.upstreamBody ?? '').toString('latin1'))
}

function mirrorOf({ service, method, path, host, headers, body }: Seen): unknown {
  return {
    service,
    method,
    path,
    host,
    headers: headers.filter(([name]) => !ofTheProxy.test(name)),
    ...(body !== '' && { body }),
  }
}

const own = /^x-envoy-|^content-length$/
const ownGrpc = /^x-envoy-|^x-forwarded-|^content-length$/

function checkOf({
  service,
  method,
  path,
  host,
  headers,
  grpc,
  body,
}: GatewayOutcome['checks'][number]): unknown {
  if (grpc === undefined) {
    return { service, method, path, host, headers: headers.filter(([name]) => !own.test(name)), body }
  }
  const { scheme, protocol, source, destination } = grpc
  return grpcFields(service, {
    method,
    path,
    host,
    scheme,
    protocol,
    headers,
    source,
    destination,
    body: grpc.body,
  })
}

function recordedCheck(value: Readonly<Record<string, unknown>>): unknown {
  const { service, method, path, host, headers = [], grpc, body = '' } = value
  if (grpc === undefined) {
    return {
      service,
      method,
      path,
      host,
      headers: (headers as HeaderList).filter(([name]) => !own.test(name)),
      body: Buffer.from(body as string).toString('latin1'),
    }
  }
  return grpcFields(service as string, grpc as Readonly<Record<string, unknown>>)
}

function grpcFields(service: string, check: Readonly<Record<string, unknown>>): unknown {
  const { method, path, host, scheme, protocol, headers, body } = check
  const source = check.source as { principal?: string; address?: string } | undefined
  const destination = check.destination as { principal?: string; port?: number } | undefined
  return {
    service,
    method: method || undefined,
    path: path || undefined,
    host: host || undefined,
    scheme: scheme || undefined,
    protocol: protocol || undefined,
    headers: ((headers as HeaderList | undefined) ?? []).filter(([name]) => !ownGrpc.test(name)),
    source: source?.principal,
    from: source?.address,
    destination: destination?.principal,
    port: destination?.port,
    body: body || undefined,
  }
}
