import type { HeaderList } from '../../policy/index.ts'
import type { Io } from '../io.ts'
import { kindOf, type Located, readLocated } from '../located-yaml.ts'

/** One example request and what should come of it. */
export interface ExampleTest {
  readonly name: string
  readonly method: string
  readonly url: string
  readonly headers: HeaderList
  readonly as: string
  readonly expect: {
    readonly verdict?: string
    readonly status?: number
    readonly service?: string
    readonly headers?: readonly (readonly [name: string, value: string])[]
  }
  /** `file:line`. */
  readonly at: string
}

/** @throws Fault ERR_INPUT_UNREADABLE, ERR_MESH_INVALID with the line */
export async function readTests(io: Pick<Io, 'readStdin'>, file: string): Promise<readonly ExampleTest[]> {
  const root = await readLocated(io, file)
  return kindOf(root, 'Tests', 'tests').map(readTest)
}

const verdicts = ['allow', 'deny', 'challenge', 'redirect', 'not-found', 'unavailable', 'unknown']

function readTest(entry: Located): ExampleTest {
  const { name, request, as, expect } = entry.fields('a test', ['name', 'request', 'as', 'expect'])
  if (name === undefined) return entry.wrong('a test needs a `name`')
  if (request === undefined) return entry.wrong('a test needs a `request`')
  if (expect === undefined) return entry.wrong('a test says what to `expect`')
  const { method, url, headers } = request.fields('`request`', ['method', 'url', 'headers'])
  if (url === undefined) return request.wrong('a request needs a `url`')
  const wanted = expect.fields('`expect`', ['verdict', 'status', 'service', 'headers'])
  const verdict = wanted.verdict?.text('`verdict`')
  if (verdict !== undefined && !verdicts.includes(verdict)) {
    wanted.verdict?.wrong(`\`${verdict}\` is no verdict; there are ${verdicts.join(', ')}`)
  }
  const status = wanted.status?.text('`status`')
  if (status !== undefined && !/^[1-5]\d\d$/.test(status)) wanted.status?.wrong(`\`${status}\` is no status`)
  const service = wanted.service?.text('`service`')
  if ([verdict, status, service, wanted.headers].every((each) => each === undefined)) {
    expect.wrong('`expect` expects nothing; it knows verdict, status, service and headers')
  }
  return {
    name: name.text('`name`'),
    method: method?.text('`method`') ?? 'GET',
    url: url.text('`url`'),
    headers: headers === undefined ? [] : readHeaders(headers),
    as: as?.text('`as`') ?? 'anonymous',
    expect: {
      ...(verdict !== undefined && { verdict }),
      ...(status !== undefined && { status: Number(status) }),
      ...(service !== undefined && { service }),
      ...(wanted.headers && { headers: readHeaders(wanted.headers) }),
    },
    at: `${entry.file}:${entry.line}`,
  }
}

/** A mapping of names to one value or several. */
function readHeaders(headers: Located): readonly (readonly [string, string])[] {
  return headers
    .entries('`headers`')
    .flatMap(([name, value]) => value.texts(`header \`${name}\``).map((text) => [name, text] as const))
}
