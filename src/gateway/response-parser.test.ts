import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ResponseParser } from './response-parser.ts'

interface Read {
  /** `wrong` = the connection is given up. */
  readonly outcome: 'whole' | 'more' | 'wrong'
  readonly status?: number
  readonly headers?: readonly string[]
  readonly body?: string
  readonly reusable?: boolean
}

/** Bytes cut at these places, then the end of the connection where `ended`. */
function read(
  text: string,
  options: { cuts?: readonly number[]; head?: boolean; ended?: boolean } = {},
): Read {
  const parser = new ResponseParser()
  let [status, body] = [0, '']
  let headers: readonly string[] = []
  let reusable: boolean | undefined
  parser.expect(
    {
      head: (told, list) => {
        status = told
        headers = list
      },
      data: (chunk) => {
        body += chunk.toString('latin1')
      },
      end: (again) => {
        reusable = again
      },
    },
    options.head === true,
  )
  const bytes = Buffer.from(text, 'latin1')
  let from = 0
  for (const cut of [...(options.cuts ?? []), bytes.length].sort((a, b) => a - b)) {
    if (!parser.push(bytes.subarray(from, cut)))
      return { outcome: 'wrong', ...(reusable !== undefined && { reusable }) }
    from = Math.max(from, cut)
  }
  if (options.ended) parser.close()
  return reusable === undefined ? { outcome: 'more' } : { outcome: 'whole', status, headers, body, reusable }
}

const ok = 'HTTP/1.1 200 OK\r\n'
const whole: readonly (readonly [why: string, text: string, want: Partial<Read>, options?: object])[] = [
  ['a length', `${ok}Content-Length: 5\r\n\r\nhello`, { status: 200, body: 'hello', reusable: true }],
  ['nothing', `${ok}content-length: 0\r\n\r\n`, { body: '', reusable: true }],
  ['no phrase', 'HTTP/1.1 404\r\ncontent-length: 0\r\n\r\n', { status: 404 }],
  [
    'chunks',
    `${ok}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n`,
    { body: 'abc0123456789', reusable: true },
  ],
  [
    'trailers',
    `${ok}Transfer-Encoding: Chunked\r\n\r\n1\r\nz\r\n0\r\nx-sum: 1\r\n\r\n`,
    { body: 'z', reusable: true },
  ],
  ['until the end', `${ok}\r\nall of it`, { body: 'all of it', reusable: false }, { ended: true }],
  [
    '204 has none, whatever it says',
    'HTTP/1.1 204 No\r\ncontent-length: 9\r\n\r\n',
    { body: '', reusable: true },
  ],
  ['HEAD has none', `${ok}content-length: 9\r\n\r\n`, { body: '', reusable: true }, { head: true }],
  [
    'an interim answer first',
    `HTTP/1.1 103 Early\r\nlink: x\r\n\r\n${ok}content-length: 1\r\n\r\ny`,
    { status: 200, body: 'y' },
  ],
  [
    'the connection is said to close',
    `${ok}connection: Foo, Close\r\ncontent-length: 0\r\n\r\n`,
    { reusable: false },
  ],
  ['HTTP/1.0 closes', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', { reusable: false }],
  [
    'values are trimmed, bytes kept',
    `${ok}X:  caf\xe9 \t\r\ncontent-length: 0\r\n\r\n`,
    { headers: ['x', 'caf\xe9', 'content-length', '0'] },
  ],
]
describe('answers that are read', () => {
  for (const [why, text, want, options] of whole) {
    test(why, () => {
      const got = read(text, options)
      assert.deepEqual(got, { ...got, outcome: 'whole', ...want })
      // However the bytes arrive.
      const cuts = Array.from({ length: text.length }, (_, at) => at + 1)
      assert.deepEqual(read(text, { ...options, cuts }), got)
    })
  }
})

const wrong: readonly (readonly [why: string, text: string])[] = [
  ['a bare line feed in the head', 'HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n'],
  ['a bare line feed between fields', `${ok}a: b\nc: d\r\n\r\n`],
  ['a bare carriage return in a value', `${ok}a: b\rc: d\r\n\r\n`],
  ['NUL in a value', `${ok}a: b\0\r\n\r\n`],
  ['a folded line', `${ok}a: b\r\n c\r\n\r\n`],
  ['a space before the colon', `${ok}content-length : 5\r\n\r\nhello`],
  ['a field without a colon', `${ok}nothing\r\n\r\n`],
  ['a name that is empty', `${ok}: x\r\n\r\n`],
  ['both framings', `${ok}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['the same length twice', `${ok}content-length: 1\r\ncontent-length: 1\r\n\r\na`],
  ['two lengths', `${ok}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd`],
  ['a list of lengths', `${ok}content-length: 3, 3\r\n\r\nabc`],
  ['a length with a sign', `${ok}content-length: +3\r\n\r\nabc`],
  ['a length that is too long', `${ok}content-length: 99999999999999999999\r\n\r\n`],
  ['another coding', `${ok}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['chunked twice', `${ok}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['chunked from HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a chunk size that is none', `${ok}transfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n`],
  ['a negative chunk size', `${ok}transfer-encoding: chunked\r\n\r\n-1\r\n`],
  ['a chunk size that overflows', `${ok}transfer-encoding: chunked\r\n\r\n${'f'.repeat(17)}\r\n`],
  ['a chunk that goes on', `${ok}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`],
  ['a bare line feed behind a chunk size', `${ok}transfer-encoding: chunked\r\n\r\n1;a\n\r\nb\r\n0\r\n\r\n`],
  ['another protocol', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['another version', 'HTTP/1.2 200 OK\r\n\r\n'],
  ['no status', 'HTTP/1.1 abc OK\r\n\r\n'],
  ['four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['a switch nobody asked for', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n'],
  ['a head without end', `${ok}a: ${'b'.repeat(70_000)}`],
]
describe('answers that end the connection', () => {
  for (const [why, text] of wrong) test(why, () => assert.equal(read(text).outcome, 'wrong'))

  test('what comes behind an answer is nobody’s', () => {
    const got = read(`${ok}content-length: 1\r\n\r\naHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged`)
    assert.deepEqual(got, { outcome: 'wrong', reusable: false })
  })

  test('an answer that is cut off is not whole', () => {
    for (const text of [
      ok,
      `${ok}content-length: 5\r\n\r\nhell`,
      `${ok}transfer-encoding: chunked\r\n\r\n1\r\na\r\n`,
    ]) {
      assert.equal(read(text, { ended: true }).outcome, 'more')
    }
  })
})

/** What Node's own client makes of the same bytes. */
function byNode(text: string, method: string): Promise<{ status: number; body: string } | 'wrong'> {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  const agent = new Agent()
  agent.createConnection = () => stream as never
  return new Promise((resolve) => {
    const outgoing = request({ method, host: 'upstream', agent }, async (response) => {
      let body = ''
      try {
        for await (const part of response.setEncoding('latin1')) body += part
        resolve({ status: response.statusCode ?? 0, body })
      } catch {
        resolve('wrong')
      }
    })
    outgoing.on('error', () => resolve('wrong'))
    outgoing.end()
    stream.push(Buffer.from(text, 'latin1'))
    stream.push(null)
  })
}

test('what is read is what Node reads: mutated answers, none of which may be taken for something else', async () => {
  const pieces = [
    ok, 'HTTP/1.0 200 OK\r\n', 'HTTP/1.1 204 x\r\n', 'HTTP/1.1 304 x\r\n', 'HTTP/1.1 100 x\r\n\r\n',
    'content-length: 3\r\n', 'Content-Length:5\r\n', 'transfer-encoding: chunked\r\n', 'connection: close\r\n',
    'a: b\r\n', ' folded\r\n', '\r\n', '\n', '\r', '\0', 'abc', '3\r\nabc\r\n', '0\r\n\r\n', '5;x\r\nhello\r\n', ':',
  ] // biome-ignore format: pieces
  const some = (maxLength: number) =>
    fc.array(fc.constantFrom(...pieces), { maxLength }).map((parts) => parts.join(''))
  const heads = fc.constantFrom('', 'content-length: 3\r\n', 'transfer-encoding: chunked\r\n', 'a: b\r\n')
  const bodies = fc.constantFrom(
    '',
    'abc',
    '3\r\nabc\r\n0\r\n\r\n',
    '0\r\n\r\n',
    '5;x\r\nhello\r\n0\r\nt: u\r\n\r\n',
  )
  const answers = fc
    .tuple(
      fc.constantFrom(ok, ...pieces.slice(0, 5)),
      heads,
      some(2),
      fc.constantFrom('\r\n', ''),
      bodies,
      some(1),
    )
    .map((parts) => parts.join(''))
  let agreed = 0
  await fc.assert(
    fc.asyncProperty(answers, fc.constantFrom('GET', 'HEAD'), async (text, method) => {
      const mine = read(text, { head: method === 'HEAD', ended: true })
      if (mine.outcome !== 'whole') return
      const theirs = await byNode(text, method)
      agreed++
      assert.notEqual(theirs, 'wrong')
      assert.deepEqual(theirs, { status: mine.status, body: mine.body })
    }),
    { numRuns: 3000 },
  )
  assert.ok(agreed > 100, `only ${agreed} answers were whole`)
})
