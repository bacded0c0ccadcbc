import { createServer, type Server, type Socket } from 'node:net'

/** A search as the directory was asked it. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'equals'; readonly attribute: string; readonly value: string }
  | { readonly kind: 'present'; readonly attribute: string }
  | { readonly kind: 'other'; readonly tag: number }

export interface Directory {
  readonly port: number
  readonly filters: Filter[]
  readonly binds: string[]
  close(): void
}

const entries = [
  { dn: 'cn=jane,ou=people,dc=example,dc=org', mail: 'janedoe@example.com', password: 'foo' },
  { dn: 'cn=qa,ou=people,dc=example,dc=org', mail: "o'brien (qa)@example.com", password: 'foo' },
]
const ADMIN = { dn: 'cn=admin,dc=example,dc=org', password: 'admin' }

/**
 * As much of an LDAP server (RFC 4511) as a sign-in asks: simple binds and searches, BER by hand. It
 * keeps the filters it is sent, as they were sent.
 */
export async function openDirectory(): Promise<Directory> {
  const filters: Filter[] = []
  const binds: string[] = []
  const server: Server = createServer((socket) => {
    let rest = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (part: Buffer) => {
      rest = Buffer.concat([rest, part])
      for (;;) {
        const message = element(rest, 0)
        if (!message) return
        rest = rest.subarray(message.end)
        answer(socket, message.value, filters, binds)
      }
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  return { port, filters, binds, close: () => server.close() }
}

interface Element {
  readonly tag: number
  readonly value: Buffer
  readonly end: number
}

/** One BER element at `at`; undefined while it is not all there. */
function element(bytes: Buffer, at: number): Element | undefined {
  if (bytes.length < at + 2) return undefined
  let length = bytes[at + 1] as number
  let start = at + 2
  if (length > 128) {
    const size = length & 127
    if (bytes.length < start + size) return undefined
    length = bytes.readUIntBE(start, size)
    start += size
  }
  if (bytes.length < start + length) return undefined
  return { tag: bytes[at] as number, value: bytes.subarray(start, start + length), end: start + length }
}

function elements(bytes: Buffer): Element[] {
  const all: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const one = element(bytes, at)
    if (!one) break
    all.push(one)
    at = one.end
  }
  return all
}

function ber(tag: number, ...values: readonly (Buffer | string)[]): Buffer {
  const value = Buffer.concat(values.map((one) => (typeof one === 'string' ? Buffer.from(one) : one)))
  const long = Buffer.alloc(4)
  long.writeUInt32BE(value.length)
  const head = value.length < 128 ? Buffer.of(tag, value.length) : Buffer.concat([Buffer.of(tag, 0x84), long])
  return Buffer.concat([head, value])
}

const result = (tag: number, code: number) => ber(tag, ber(0x0a, Buffer.of(code)), ber(4, ''), ber(4, ''))

function answer(socket: Socket, message: Buffer, filters: Filter[], binds: string[]): void {
  const [id, operation] = elements(message)
  if (!id || !operation) return void socket.destroy()
  const send = (reply: Buffer) => socket.write(ber(0x30, ber(2, id.value), reply))
  const parts = elements(operation.value)
  if (operation.tag === 0x60) {
    const dn = parts[1]?.value.toString() ?? ''
    const password = parts[2]?.value.toString() ?? ''
    binds.push(dn)
    const known = [ADMIN, ...entries].some(
      (one) => one.dn === dn && one.password === password && password !== '',
    )
    send(result(0x61, known ? 0 : 49))
  } else if (operation.tag === 0x63) {
    const filter = readFilter(parts[6])
    filters.push(filter)
    for (const entry of entries) {
      const attributes: Record<string, string> = {
        objectclass: 'inetOrgPerson',
        mail: entry.mail,
        cn: entry.mail.split('@')[0] ?? '',
        uid: entry.mail,
      }
      if (!matches(filter, attributes)) continue
      const list = Object.entries({ ...attributes, DN: entry.dn }).map(([name, value]) =>
        ber(0x30, ber(4, name), ber(0x31, ber(4, value))),
      )
      send(ber(0x64, ber(4, entry.dn), ber(0x30, ...list)))
    }
    send(result(0x65, 0))
  } else if (operation.tag === 0x42) socket.end()
}

function readFilter(one: Element | undefined): Filter {
  if (!one) return { kind: 'other', tag: 0 }
  const inner = () => elements(one.value)
  switch (one.tag) {
    case 0xa0:
      return { kind: 'and', of: inner().map(readFilter) }
    case 0xa1:
      return { kind: 'or', of: inner().map(readFilter) }
    case 0xa2:
      return { kind: 'not', of: readFilter(inner()[0]) }
    case 0xa3: {
      const [attribute, value] = inner()
      return {
        kind: 'equals',
        attribute: attribute?.value.toString().toLowerCase() ?? '',
        value: value?.value.toString() ?? '',
      }
    }
    case 0x87:
      return { kind: 'present', attribute: one.value.toString().toLowerCase() }
  }
  return { kind: 'other', tag: one.tag }
}

function matches(filter: Filter, attributes: Readonly<Record<string, string>>): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.of.every((one) => matches(one, attributes))
    case 'or':
      return filter.of.some((one) => matches(one, attributes))
    case 'not':
      return !matches(filter.of, attributes)
    case 'equals':
      return attributes[filter.attribute]?.toLowerCase() === filter.value.toLowerCase()
    case 'present':
      return attributes[filter.attribute] !== undefined
    case 'other':
      // A pattern: whoever lets one through finds everybody.
      return true
  }
}

/** Whether every search asked for exactly this name and nothing a person typed became part of a filter. */
export function isLiteral(filter: Filter, login: string): boolean {
  if (filter.kind === 'and') return filter.of.every((one) => isLiteral(one, login))
  if (filter.kind !== 'equals') return false
  return filter.attribute === 'objectclass' || filter.value === login
}
