import { connect as http2Connect } from 'node:http2'
import { Reader, Writer } from '../../src/authz/grpc/wire.ts'
import type { Attack, GrpcCheck, Request } from './format.ts'
import type { Scenario } from './scenario.ts'
import { type Answer, exchange, exchangeAsAnother, requestBytes, type Target } from './wire.ts'

/** What came back, over HTTP or as a gRPC CheckResponse. */
export interface Outcome extends Answer {
  readonly grpc?: {
    /** `grpc-status` of the call. */
    readonly call: number
    /** google.rpc.Code of the response; 0 = let through. */
    readonly code: number
    readonly set: readonly (readonly [string, string])[]
    readonly remove: readonly string[]
  }
}

/** Where an entry goes. */
function targetOf({ world, attack }: Scenario): Target {
  const from = attack.setup === 'authz-http-trusted' ? '127.0.0.2' : undefined
  const authzPort = Number(/:(\d+)$/.exec(world.authz?.ready.http ?? '')?.[1] ?? 0)
  const port = attack.against === 'authz' ? authzPort : attack.tls ? world.tlsPort : world.port
  const { tls, pace, read_pace: readPace, proto } = attack
  return {
    port,
    ...(from && { from }),
    ...(proto === 'h2' && { h2: true }),
    ...(pace && { pace }),
    ...(readPace && { readPace }),
    ...(tls && {
      tls: {
        ...tls,
        ca: world.caPem,
        h2: proto === 'h2',
        ...(attack.raw?.includes('cert') && { cert: world.clientCert.certPem, key: world.clientCert.keyPem }),
      },
    }),
  }
}

function fillings({ fill }: Attack): string | undefined {
  if (!fill) return undefined
  return fill.text.includes('{{n}}')
    ? Array.from({ length: fill.times }, (_, n) => fill.text.replaceAll('{{n}}', String(n))).join('')
    : fill.text.repeat(fill.times)
}

/** The bytes of an entry, placeholders filled. */
async function bytesOf(scenario: Scenario): Promise<Buffer> {
  const { attack } = scenario
  const fill = fillings(attack)
  if (attack.raw !== undefined) {
    let text = Buffer.from(attack.raw, 'base64').toString('latin1')
    // HPACK counts bytes: nothing is filled into HTTP/2.
    if (attack.proto === 'h2') return Buffer.from(text, 'latin1')
    if (fill !== undefined) {
      text = text.replaceAll('{{fill}}', fill)
      const body = text.slice(text.indexOf('\r\n\r\n') + 4)
      text = text.replaceAll('{{fill-length}}', String(body.length))
    }
    return Buffer.from(await scenario.fill(text), 'latin1')
  }
  return bytesOfRequest(scenario, attack.request as Request, fill)
}

async function bytesOfRequest(scenario: Scenario, request: Partial<Request>, fill?: string): Promise<Buffer> {
  const filled = async (text: string) =>
    scenario.fill(fill === undefined ? text : text.replaceAll('{{fill}}', fill))
  const headers: [string, string][] = []
  for (const [name, values] of Object.entries(request.headers ?? {}))
    for (const value of [values].flat()) headers.push([name, await filled(String(value))])
  let body = ''
  if (typeof request.body === 'string') body = await filled(request.body)
  else if (isForm(request.body)) {
    const form: Record<string, string> = {}
    for (const [name, value] of Object.entries(request.body.form)) form[name] = await filled(value)
    body = new URLSearchParams(form).toString()
  } else if (request.body) body = JSON.stringify(await filledIn(request.body, filled))
  const length = String(Buffer.byteLength(body))
  for (const header of headers) header[1] = header[1].replaceAll('{{fill-length}}', length)
  const { opened, port } = scenario.world
  // The console answers to its own names only.
  if (opened && !headers.some(([name]) => name.toLowerCase() === 'host'))
    headers.unshift(['Host', `127.0.0.1:${port}`])
  const path = (await filled(request.path ?? '/')).replace(
    /^@console\.(\w+)/,
    (whole, name: string) => opened?.routes[name] ?? whole,
  )
  return requestBytes(request.method ?? 'GET', path, headers, body)
}

export function isForm(
  body: Request['body'] | undefined,
): body is { readonly form: Readonly<Record<string, string>> } {
  return typeof body === 'object' && body !== null && 'form' in body
}

/** A body that is JSON, every text in it filled. */
async function filledIn(value: unknown, filled: (text: string) => Promise<string>): Promise<unknown> {
  if (typeof value === 'string') return filled(value)
  if (Array.isArray(value)) return Promise.all(value.map((one) => filledIn(one, filled)))
  if (typeof value !== 'object' || value === null) return value
  const pairs = Object.entries(value).map(async ([name, one]) => [name, await filledIn(one, filled)] as const)
  return Object.fromEntries(await Promise.all(pairs))
}

/** Sends the entry once. */
export async function sendAttack(scenario: Scenario): Promise<Outcome> {
  const { attack } = scenario
  if (attack.request?.grpc) return callCheck(scenario, attack.request.grpc)
  const bytes = await bytesOf(scenario)
  return attack.peer === 'other-uid'
    ? exchangeAsAnother(targetOf(scenario), bytes)
    : exchange(targetOf(scenario), bytes)
}

/** Sends a request of ours to where the entry goes. */
export async function sendPlain(scenario: Scenario, request: Partial<Request>): Promise<Outcome> {
  const { world, attack } = scenario
  const target: Target = attack.against === 'authz' ? targetOf(scenario) : { port: world.port }
  return exchange(
    { port: target.port, ...(target.from && { from: target.from }) },
    await bytesOfRequest(scenario, request),
  )
}

/** The honest request an entry is compared with. */
export async function sendNormal(scenario: Scenario): Promise<Outcome | undefined> {
  const { attack } = scenario
  const { normal } = attack
  if (!normal) return undefined
  const path = normal['grpc-path']
  if (path === undefined) return sendPlain(scenario, normal)
  const http = attack.request?.grpc?.attributes?.request?.http
  const headers = http?.headers as Readonly<Record<string, string>> | undefined
  const { cookie = '', authorization } = headers ?? {}
  return callCheck(scenario, {
    attributes: {
      request: {
        http: {
          method: 'GET',
          host: 'door.test',
          path,
          headers: { cookie, ...(authorization && { authorization }) },
        },
      },
    },
  })
}

// --- gRPC ------------------------------------------------------------------------------------------

const numbers: Readonly<Record<string, number>> = {
  id: 1,
  method: 2,
  path: 4,
  host: 5,
  scheme: 6,
  query: 7,
  fragment: 8,
}

async function messageOf(scenario: Scenario, check: GrpcCheck): Promise<Uint8Array> {
  const http = check.attributes?.request?.http ?? {}
  const part = new Writer()
  for (const [name, value] of Object.entries(http)) {
    const number = numbers[name]
    if (number !== undefined) part.text(number, await scenario.fill(String(value)))
  }
  const headers = http.headers as Readonly<Record<string, string>> | undefined
  for (const [name, value] of Object.entries(headers ?? {}))
    part.message(3, new Writer().text(1, name).text(2, await scenario.fill(String(value))))
  return new Writer().message(1, new Writer().message(4, new Writer().message(2, part))).finish()
}

async function callCheck(scenario: Scenario, check: GrpcCheck): Promise<Outcome> {
  const message = await messageOf(scenario, check)
  const client = http2Connect(`http://${scenario.world.authz?.ready.grpc}`)
  return new Promise((resolve) => {
    const none: Answer = { status: 0, text: '', answers: 0, closed: true, headers: [], body: '' }
    const finish = (outcome: Outcome) => {
      client.close()
      resolve(outcome)
    }
    client.on('error', () => finish(none))
    const stream = client.request({
      ':method': 'POST',
      ':path': scenario.attack.request?.path ?? '',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    let call = -1
    const parts: Buffer[] = []
    const note = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] !== undefined) call = Number(headers['grpc-status'])
    }
    stream.on('response', note)
    stream.on('trailers', note)
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('error', () => finish(none))
    stream.on('close', () =>
      finish({ ...none, ...readCheckResponse(call, Buffer.concat(parts).subarray(5)) }),
    )
    const frame = Buffer.alloc(5)
    frame.writeUInt32BE(message.length, 1)
    stream.end(Buffer.concat([frame, message]))
  })
}

function readCheckResponse(
  call: number,
  bytes: Uint8Array,
): Pick<Outcome, 'status' | 'answers' | 'headers' | 'grpc'> {
  const set: [string, string][] = []
  const remove: string[] = []
  // A response without a status of its own lets through: google.rpc.Code 0 is the default.
  let code = call === 0 ? 0 : 16
  let status = 0
  const each = (part: Uint8Array, take: (field: number, reader: Reader) => void) => {
    const reader = new Reader(part)
    for (let field = reader.field(); field !== 0; field = reader.field()) take(field, reader)
  }
  const pair = (part: Uint8Array) => {
    const found: [string, string] = ['', '']
    each(part, (one, option) => {
      if (one !== 1) return option.skip()
      each(option.part(), (number, header) => {
        found[number - 1] = header.text()
      })
    })
    return found
  }
  each(bytes, (field, top) => {
    if (field === 1)
      each(top.part(), (one, reader) => {
        if (one === 1) code = reader.varint()
        else reader.skip()
      })
    else
      each(top.part(), (one, reader) => {
        if (field === 2 && one === 1)
          each(reader.part(), (_, inner) => {
            status = inner.varint()
          })
        else if (one === 2) set.push(pair(reader.part()))
        else if (field === 3 && one === 5) remove.push(reader.text())
        else reader.skip()
      })
  })
  return {
    status: code === 0 ? 200 : status || 403,
    answers: 1,
    headers: set,
    grpc: { call, code, set, remove },
  }
}
