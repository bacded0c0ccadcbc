import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import type { HeaderList } from '../../policy/index.ts'

/** The trace a check belongs to (W3C Trace Context §3). */
interface Trace {
  /** 32 hex digits. */
  readonly id: string
  /** Two hex digits: sampled, and whether the id is random. */
  readonly flags: string
  readonly state?: string
}

const current = new AsyncLocalStorage<Trace | undefined>()

/** Whatever `run` calls on the way belongs to the trace these headers name, or to none. */
export function inTraceOf<T>(headers: HeaderList, run: () => T): T {
  const isNone = current.getStore() === undefined && !headers.some(([name]) => name === 'traceparent')
  if (isNone) return run()
  // Also where there is none, so that a check never goes on with another one's.
  return current.run(traceOf(headers), run)
}

/** The headers of one call outward: the trace of the check it is made for, under a span of its own. */
export function traceHeaders(): Readonly<Record<string, string>> {
  const trace = current.getStore()
  if (!trace) return {}
  const traceparent = `00-${trace.id}-${randomBytes(8).toString('hex')}-${trace.flags}`
  return { traceparent, ...(trace.state !== undefined && { tracestate: trace.state }) }
}

/** Headers that are passed on, with those of the trace in place of the ones that came. */
export function withTraceHeaders(headers: HeaderList): HeaderList {
  const ours = Object.entries(traceHeaders())
  if (ours.length === 0) return headers
  return [...headers.filter(([name]) => name !== 'traceparent' && name !== 'tracestate'), ...ours]
}

/** Later versions may add fields behind these (§3.2.4); version 00 has no more, `ff` is none. */
const PARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/
const KNOWN_FLAGS = 0x03

function traceOf(headers: HeaderList): Trace | undefined {
  const named = (wanted: string) => headers.filter(([name]) => name === wanted).map(([, value]) => value)
  const parents = named('traceparent')
  // Two parents are none.
  const found = parents.length === 1 ? PARENT.exec(parents[0] as string) : null
  if (!found) return undefined
  const [, version, id, flags, more] = found as unknown as [string, string, string, string, string?]
  if (version === '00' && more !== undefined) return undefined
  const state = stateOf(named('tracestate'))
  return {
    id,
    flags: (Number.parseInt(flags, 16) & KNOWN_FLAGS).toString(16).padStart(2, '0'),
    ...(state !== undefined && { state }),
  }
}

/** §3.3.1.3: a key, `=`, and printable ASCII without `,` and `=` that does not end with a space. */
const MEMBER =
  /^[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
const MOST_MEMBERS = 32
/** Passed on at least (§3.3.1.5), and here at most. */
const LONGEST_STATE = 512
const LONG_MEMBER = 128

/** What other tracing systems said, as one line; undefined where any of it is not what it should be. */
function stateOf(lines: readonly string[]): string | undefined {
  let members = lines
    .flatMap((line) => line.split(','))
    .map((one) => one.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((one) => one !== '')
  if (members.length === 0 || members.length > MOST_MEMBERS) return undefined
  if (!members.every((one) => MEMBER.test(one))) return undefined
  const fits = () => members.join(',').length <= LONGEST_STATE
  // The long ones go first, then the oldest, which stand last.
  if (!fits()) members = members.filter((one) => one.length <= LONG_MEMBER)
  while (!fits()) members = members.slice(0, -1)
  return members.length === 0 ? undefined : members.join(',')
}
