/**
 * Our own reading of HTTP/1.1 against Node's: the same bytes, in the same pieces, once through the plain face and
 * once through the server that takes over from it. Both have to see the same requests and answer the same.
 */
import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { mark } from './connection.ts'
import type { Exchange } from './exchange.ts'
import { plain } from './gateway.fixture.ts'
import { defaultLimits } from './options.ts'
import { http1Server, plainFace } from './protocol-servers.ts'

interface Told {
  /** As they were read, one after the other. */
  readonly seen: readonly string[]
  /** Heads and bodies as they came. */
  readonly answers: readonly string[]
  readonly ended: boolean
  /** How many connections went on to Node's server. */
  readonly others: number
}

/** What is read, and what is answered to it: the request itself, short or long or in pieces. */
function hands(seen: string[]) {
  const take = async (exchange: Exchange) => {
    const { method, target, host, headers, fault, body } = exchange
    const at = seen.push('') - 1
    const read: Buffer[] = []
    const tell = (whole: string) => {
      seen[at] = JSON.stringify([
        method,
        target,
        host,
        headers,
        fault,
        whole,
        Buffer.concat(read).toString('latin1'),
      ])
    }
    tell('cut off')
    if (target.startsWith('/early')) {
      // What has come with the head is there by now; Node reads it after it has told of the head.
      await undefined
      exchange.reply(401, ['content-type', 'text/plain'], 'who are you?')
      return
    }
    if (body) for await (const part of body) read.push(part)
    tell('whole')
    if (exchange.gone) return
    if (target.startsWith('/pieces')) {
      exchange.start(200, ['x-note', 'pieces'], false)
      exchange.write(Buffer.from('one'))
      exchange.write(Buffer.from('two'))
      exchange.end(target.endsWith('more') ? Buffer.from('three') : undefined)
    } else if (target.startsWith('/none')) exchange.reply(204, [], '')
    else if (target.startsWith('/long')) exchange.reply(200, ['x-note', 'long'], 'x'.repeat(100_000))
    else exchange.reply(200, ['content-type', 'text/plain'], `${method} ${target}`)
  }
  return {
    draining: () => false,
    take: (exchange: Exchange) => void take(exchange).catch(() => {}),
    upgrade: (request: { method?: string; url?: string }, socket: Duplex) => {
      seen.push(`upgrade ${request.method} ${request.url}`)
      socket.end()
    },
    clock: Date.now,
  }
}

const limits = { ...defaultLimits, headerBytes: 4096, headerLines: 12 }
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Sends the pieces, each when nothing more happens about those before it. */
async function converse(pieces: readonly Buffer[], own: boolean): Promise<Told> {
  const seen: string[] = []
  const use = hands(seen)
  const server: Server = http1Server(limits, use)
  let others = 0
  const other = new Proxy(server, {
    get: (target, name) => {
      if (name === 'emit') others++
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const face = plainFace(other, limits, use)
  const [client, socket] = duplexPair()
  let text = ''
  let [changes, ended] = [0, false]
  client.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    changes++
  })
  client.on('end', () => {
    ended = true
    changes++
  })
  client.on('error', () => {})
  socket.on('error', () => {})
  const taken = Object.assign(socket as unknown as Socket, {
    destroySoon: () => socket.end(() => socket.destroy()),
  })
  mark(taken, {
    listener: plain,
    scheme: 'http',
    port: 80,
    remoteAddress: '192.0.2.1',
    localAddress: '192.0.2.2',
  })
  if (own) face.take(taken)
  else server.emit('connection', taken)
  const settle = async () => {
    for (let still = 0; still < 4; still++) {
      const before = changes + seen.length
      await turn()
      if (changes + seen.length !== before) still = -1
    }
  }
  for (const piece of pieces) {
    if (!client.destroyed && client.writable) client.write(piece)
    await settle()
  }
  client.destroy()
  socket.destroy()
  await settle()
  server.closeAllConnections()
  return { seen, answers: answersIn(text), ended, others }
}

/** Heads and bodies one by one; the date is always another, and where a body is cut into chunks says nothing. */
function answersIn(text: string): string[] {
  const answers: string[] = []
  const chunks = /(?<=\r\n\r\n)(?:[0-9a-f]+\r\n\w+\r\n)+(?=0\r\n\r\n)/g
  const same = text
    .replaceAll(/^Date: .*$/gm, 'Date: now')
    .replaceAll(chunks, (body) => body.replaceAll(/[0-9a-f]+\r\n(\w+)\r\n/g, '$1'))
  for (let rest = same; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n') + 4
    if (end === 3) {
      answers.push(rest)
      break
    }
    const next = rest.indexOf('HTTP/1.1 ', end)
    answers.push(next === -1 ? rest : rest.slice(0, next))
    rest = next === -1 ? '' : rest.slice(next)
  }
  return answers
}

/**
 * Node refuses what is wrong the moment it reads it, and drops answers to requests before it that are still
 * being made; ours answers them first. Behind a request that ends the connection Node refuses whatever
 * comes, ours does not look at it. In everything else the two have to be equal.
 */
function assertSame(own: Told, node: Told, about: string): void {
  // Whether a body before something wrong is still read depends on how Node's pieces fall.
  const heads = ({ seen }: Told, other: Told) =>
    seen.map((one, at) =>
      `${one}${other.seen[at]}`.includes('"cut off"')
        ? one.slice(0, one.lastIndexOf(',"', one.lastIndexOf(',') - 1))
        : one,
    )
  assert.deepEqual(heads(own, node), heads(node, own), about)
  assert.equal(own.ended, node.ended, about)
  if (own.answers.join() === node.answers.join()) return
  const refusal = node.answers.findLastIndex(
    (answer) => answer.startsWith('HTTP/1.1 4') && /^connection: close/m.test(answer),
  )
  if (own.seen.at(-1)?.startsWith('upgrade')) {
    // Whoever takes an upgrade has the socket to himself, at Node's while answers are still being made.
    assert.deepEqual(own.answers.slice(0, node.answers.length), node.answers, about)
    return
  }
  const isLast = /"connection","close"/i.test(own.seen.at(-1) ?? '')
  if (refusal === -1 || (own.answers.length === node.answers.length && !isLast)) {
    assert.deepEqual(own.answers, node.answers, about)
    return
  }
  const before = node.answers.slice(0, refusal)
  assert.deepEqual(own.answers.slice(0, before.length), before, about)
  const enough = isLast && own.answers.length === own.seen.length
  if (!enough) assert.equal(own.answers.at(-1), node.answers[refusal], about)
}

async function compare(pieces: readonly Buffer[]): Promise<Told> {
  const [own, node] = [await converse(pieces, true), await converse(pieces, false)]
  assertSame(own, node, JSON.stringify(pieces.map((piece) => piece.toString('latin1'))))
  return own
}

const bytes = (text: string) => Buffer.from(text, 'latin1')

const served: readonly (readonly [about: string, text: string])[] = [
  ['no body', 'GET /a?b=%20c HTTP/1.1\r\nHost: door.test\r\nX-One: 1\r\nx-two:  2 \r\n\r\n'],
  ['two at once', 'GET /a HTTP/1.1\r\nhost: a\r\n\r\nHEAD /b HTTP/1.1\r\nHOST: b:80\r\nCookie: a=b; c=d\r\n\r\n'],
  ['a body', 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a body that looks like a request', 'PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n..'],
  ['an empty body', 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an answer in pieces', 'GET /pieces HTTP/1.1\r\nHost: a\r\n\r\nGET /pieces-more HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a long answer', 'GET /long HTTP/1.1\r\nHost: a\r\n\r\nHEAD /long HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['the last request', 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
  ['kept alive by name', 'DELETE /a HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\nOPTIONS /b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an answer before the body', 'POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n'],
] // biome-ignore format: a table
for (const [about, text] of served) {
  test(`${about}: read by ourselves, cut at every byte, as Node reads it`, async () => {
    const whole = bytes(text)
    const { others } = await compare([whole])
    assert.equal(others, 0)
    for (let at = 1; at < whole.length; at++) {
      const told = await compare([whole.subarray(0, at), whole.subarray(at)])
      assert.equal(told.others, 0, `cut at ${at}`)
    }
  })
}

test('a request byte by byte is read, by Node if it takes too many pieces', async () => {
  const whole = bytes('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  const told = await compare(Array.from(whole, (byte) => Buffer.from([byte])))
  assert.deepEqual([told.seen.length, told.others], [1, 1])
})

const after = 'POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok'
const lines: readonly string[] = [
  'GET /a HTTP/1.0', 'GET /a HTTP/1.2', 'GET /a', 'GET /a HTTP/1.1 ', 'GET  /a HTTP/1.1', 'get /a HTTP/1.1', 'GET\t/a HTTP/1.1',
  'GET http://a/x HTTP/1.1', 'GET http://b/x HTTP/1.1', 'OPTIONS * HTTP/1.1', 'CONNECT a:80 HTTP/1.1', 'TRACE /a HTTP/1.1',
  'PROPFIND /a HTTP/1.1', 'GET /a#b HTTP/1.1', 'GET /\u00e9 HTTP/1.1', 'GET /a\0b HTTP/1.1', 'GET /"<>`{}|^\\ HTTP/1.1', 'PRI * HTTP/2.0',
  '\r\nGET /a HTTP/1.1', 'GEX /a HTTP/1.1', ' GET /a HTTP/1.1', 'GET a HTTP/1.1', 'GET //a HTTP/1.1', 'GET /a http/1.1',
] // biome-ignore format: a list
const fields: readonly string[] = [
  'Transfer-Encoding: chunked', 'Transfer-Encoding : chunked', 'transfer-encoding:\tchunked', 'Transfer-Encoding: identity', 'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: xchunked', 'Transfer_Encoding: chunked', 'Transfer-Encoding:chunked\r\nTransfer-Encoding: chunked', 'Content-Length: 3', 'Content-Length: +3',
  'Content-Length: 03', 'Content-Length: 3, 3', 'Content-Length: -1', 'Content-Length: 0x3', 'Content-Length:', 'Content-Length : 3', 'Content-Length: 3\r\nContent-Length: 3',
  'Content-Length: 99999999999999999999', 'Content-Length: 3 ', 'Content-Length:\t3', 'Content_Length: 3', 'Content-Length\0: 3', 'Host: b', 'Host:', ' folded', '\tfolded',
  'X: a\rb', 'X: a\nb', 'X: a\0b', 'X: \u00e9', 'X: a\tb', 'X: \x7f', ': none', 'none', 'X:', 'X: ', 'X:  a  b  ', "!#$%&'*+.^_`|~: token", 'X Y: 1', '\u00e9: 1',
  'Connection: close', 'Connection: keep-alive, x-one', 'Connection: x-one', 'Connection: upgrade', 'Connection: keep-alive\r\nConnection: close',
  'Connection: upgrade\r\nUpgrade: websocket', 'Connection: upgrade\r\nUpgrade: h2c', 'Upgrade: websocket', 'Expect: 100-continue', 'Expect: nonsense', 'Trailer: x',
  'TE: trailers', 'Proxy-Connection: close', 'Keep-Alive: timeout=5', 'X-Long: '.padEnd(2000, 'x'), 'X-Longer: '.padEnd(5000, 'x'), ...['X: 1'].map((one) => Array(14).fill(one).join('\r\n')),
] // biome-ignore format: a list

test('every unusual line, in every place, is read as Node reads it', async () => {
  for (const line of lines) await compare([bytes(`${line}\r\nHost: a\r\n\r\n${after}`)])
  for (const field of fields) {
    for (const head of [
      `GET /a HTTP/1.1\r\nHost: a\r\n${field}\r\n\r\n`,
      `POST /a HTTP/1.1\r\n${field}\r\nHost: a\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
    ]) {
      await compare([bytes(head + after)])
      await compare([bytes(after), bytes(head), bytes(after)])
    }
  }
  for (const end of ['\n', '\r', '\r\r\n', '\n\r']) {
    await compare([bytes(`GET /a HTTP/1.1${end}Host: a\r\n\r\n${after}`)])
    await compare([bytes(`GET /a HTTP/1.1\r\nHost: a${end}\r\n${after}`)])
    await compare([bytes(`GET /a HTTP/1.1\r\nHost: a\r\n${end}${after}`)])
  }
})

const usual = fc.constantFrom(
  'X-One: 1',
  'Cookie: a=b',
  'Accept: */*',
  'Connection: keep-alive',
  'content-type: text/plain',
)
const target = fc.constantFrom('/a', '/a?b', '/early', '/pieces', '/none', '/%2e%2e/a;b', '/long')
const body = fc.constantFrom(
  '',
  'hello',
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  after,
  'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
)
const message = fc.record({
  line: fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE'), target).map((two) => `${two.join(' ')} HTTP/1.1`) },
    { weight: 1, arbitrary: fc.constantFrom(...lines) },
  ),
  fields: fc.array(fc.oneof({ weight: 5, arbitrary: usual }, { weight: 1, arbitrary: fc.constantFrom(...fields) }), { maxLength: 4 }),
  end: fc.oneof({ weight: 12, arbitrary: fc.constant('\r\n') }, { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\r\n') }),
  sized: fc.constantFrom('no', 'right', 'short', 'long'),
  body,
}).map(({ line, fields: given, end, sized, body: sent }) => {
  const length = { no: [], right: [sent.length], short: [sent.length >> 1], long: [sent.length + 7] }[sized]
  const head = [line, 'Host: door.test', ...given, ...length.map((one) => `Content-Length: ${one}`)]
  return `${head.join(end)}${end}${end}${sent}`
}) // biome-ignore format: generators
const stream = fc.record({
  messages: fc.array(message, { minLength: 1, maxLength: 3 }),
  /** One byte that is changed, left out or put in. */
  slip: fc.option(fc.record({ at: fc.nat(), kind: fc.constantFrom('change', 'drop', 'add'), byte: fc.constantFrom(0, 9, 10, 13, 32, 44, 58, 65, 128, 255) }), { freq: 4 }),
  cuts: fc.array(fc.nat(), { maxLength: 4 }),
}).map(({ messages, slip, cuts }) => {
  // Whatever line was begun comes to its end.
  let whole = bytes(`${messages.join('')}\r\n\r\n`)
  if (slip) {
    const at = slip.at % whole.length
    const put = slip.kind === 'drop' ? [] : [slip.byte]
    whole = Buffer.concat([whole.subarray(0, at), Buffer.from(put), whole.subarray(slip.kind === 'add' ? at : at + 1)])
  }
  const places = [...new Set([0, ...cuts.map((cut) => cut % whole.length), whole.length])].sort((a, b) => a - b)
  return places.slice(1).map((place, index) => whole.subarray(places[index], place))
}) // biome-ignore format: generators

test('hostile streams, in random pieces, are read and answered as Node does', async () => {
  // The same ones every time; others with HOSTILE_SEED, and more of them with HOSTILE_RUNS.
  const { HOSTILE_SEED: seed = 1, HOSTILE_RUNS: numRuns = 1000 } = process.env
  await fc.assert(
    fc.asyncProperty(stream, async (pieces) => void (await compare(pieces))),
    { numRuns: Number(numRuns), seed: Number(seed) },
  )
})
