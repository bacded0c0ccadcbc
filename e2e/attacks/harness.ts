import { readFileSync } from 'node:fs'
import { connect as netConnect } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { cookieName, cookieOf, type Seen, sessionValue, tokenOf, type World } from './world.ts'

/** One line of a corpus; the fields are told in `README.md` beside the full set. */
export interface Attack {
  readonly id: string
  readonly class: string
  readonly why: string
  readonly setup: string
  readonly must: string
  readonly strictly?: boolean
  readonly also?: readonly string[]
  readonly proto?: 'h2'
  readonly raw?: string
  readonly normal?: { method: string; path: string; headers: Record<string, string> }
  readonly fill?: { text: string; times: number }
  readonly pace?: { bytes: number; every_ms: number }
  readonly connections?: number
  readonly repeat?: number
  readonly tls?: { sni?: string }
}

export function corpus(file: URL): readonly Attack[] {
  return gunzipSync(readFileSync(file))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Attack)
}

function filled(name: string): string | undefined {
  const [what = '', filter] = name.split('|')
  const [kind, who = ''] = what.split(':')
  const value = (() => {
    switch (kind) {
      case 'cookie':
        return cookieOf(who)
      case 'cookie-name':
        return cookieName
      case 'COOKIE-NAME':
        return cookieName.toUpperCase()
      case 'session-value':
        return sessionValue(who)
      case 'token':
        return tokenOf(who)
      case 'state':
      case 'csrf':
        return 'none'
    }
    return undefined
  })()
  if (value === undefined || filter === undefined) return value
  // Whatever a filter does to a session, it is no longer that session.
  const last = value.at(-1) === 'A' ? 'B' : 'A'
  return value.slice(0, -1) + last
}

/** The bytes of a raw entry, placeholders filled. */
export function bytesOf(attack: Attack): Buffer {
  let text = Buffer.from(attack.raw ?? '', 'base64').toString('latin1')
  if (attack.fill) {
    const fill = attack.fill.text.includes('{{n}}')
      ? Array.from({ length: attack.fill.times }, (_, n) =>
          attack.fill?.text.replaceAll('{{n}}', String(n)),
        ).join('')
      : attack.fill.text.repeat(attack.fill.times)
    text = text.replace('{{fill}}', fill)
    const body = text.slice(text.indexOf('\r\n\r\n') + 4)
    text = text.replace('{{fill-length}}', String(body.length))
  }
  if (attack.proto !== 'h2')
    text = text.replace(/\{\{([^}]+)\}\}/g, (all, name: string) => filled(name) ?? all)
  return Buffer.from(text, 'latin1')
}

export interface Answer {
  /** 0 = closed without one. */
  readonly status: number
  readonly text: string
  /** Status lines seen, for HTTP/1. */
  readonly answers: number
  readonly closed: boolean
}

/** Sends bytes as they are and reads until close, silence after an answer, or 5 s. */
export function exchange(world: World, attack: Attack, bytes: Buffer): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = attack.tls
      ? tlsConnect({
          port: world.tlsPort,
          host: '127.0.0.1',
          servername: attack.tls.sni,
          ca: world.caPem,
          ...(attack.proto === 'h2' && { ALPNProtocols: ['h2'] }),
        })
      : netConnect(world.port, '127.0.0.1')
    let received = Buffer.alloc(0)
    let quiet: NodeJS.Timeout | undefined
    let pacer: NodeJS.Timeout | undefined
    const done = (closed: boolean) => {
      clearTimeout(quiet)
      clearInterval(pacer)
      clearTimeout(latest)
      socket.destroy()
      resolve(read(received, attack.proto === 'h2', closed))
    }
    const latest = setTimeout(() => done(false), 5000)
    socket.on(attack.tls ? 'secureConnect' : 'connect', () => {
      if (!attack.pace) return void socket.write(bytes)
      socket.write(bytes)
      pacer = setInterval(() => socket.write('a'), attack.pace.every_ms / 20)
    })
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      clearTimeout(quiet)
      quiet = setTimeout(() => done(false), 250)
    })
    socket.on('error', () => done(true))
    socket.on('close', () => done(true))
  })
}

/** `:status` of the static table (RFC 7541 appendix A). */
const indexed: Readonly<Record<number, number>> = {
  136: 200,
  137: 204,
  138: 206,
  139: 304,
  140: 400,
  141: 404,
  142: 500,
}

function read(bytes: Buffer, h2: boolean, closed: boolean): Answer {
  if (!h2) {
    const text = bytes.toString('latin1')
    const lines = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].filter(([, status]) => status !== '100')
    return { status: Number(lines[0]?.[1] ?? 0), text, answers: lines.length, closed }
  }
  let status = 0
  let answers = 0
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] !== 1) continue
    answers++
    // Not in the table: some status we never send with a body worth reading.
    if (status === 0) status = indexed[bytes[at + 9] ?? 0] ?? 499
  }
  return { status, text: bytes.toString('latin1'), answers, closed }
}

/** The laxest reading of a path a workload may use; written apart from the product's own. */
function effectivePath(path: string): string {
  const cut = path.search(/[?#]/)
  let text = cut < 0 ? path : path.slice(0, cut)
  text = text.replace(/%(?:c0|e0%80|f0%80%80)%ae/gi, '.').replace(/%(?:c0|e0%80|f0%80%80)%af/gi, '/')
  text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  text = text.replace(/\\/g, '/').replace(/\0/g, '')
  const out: string[] = []
  for (const part of text.split('/').map((each) => each.split(';')[0] ?? '')) {
    if (part === '' || part === '.') continue
    if (part === '..') out.pop()
    else out.push(part)
  }
  return `/${out.join('/')}`
}

/** Whether a request that a workload saw was not this caller's to make. */
export function isProtected(seen: Seen, caller: string): boolean {
  const path = `${effectivePath(seen.path)}/`
  const host = seen.host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
  const override = seen.headers.find(([name]) => /^x-(http-)?method(-override)?$/i.test(name))?.[1]
  if (host === 'mtls.test' || seen.backend === 'mtls') return true
  if (caller === 'admin') return false
  if (host === 'internal.door.test' || seen.backend === 'internal') return true
  if (path.startsWith('/admin/') || /^\/data\/[^/]+\/raw\/$/.test(path)) return true
  if ((seen.method === 'DELETE' || override === 'DELETE') && path.startsWith('/pipeline/')) return true
  return caller === 'anon' && !/^\/(public|dex|oauth2)\//.test(path)
}

const identityName =
  /^(kubeflow-(userid|groups)|x-jwt-payload|x-auth-request-.*|x-forwarded-(user|email|groups|access-token|preferred-username|client-cert|host)|x-remote-.*|remote-user|impersonate-.*|x-host|forwarded)$/

/** Everything a workload could take for the caller's identity, names folded. */
export function identityOf(seen: Seen): string[] {
  return seen.headers
    .map(([name, value]) => [name.toLowerCase().replace(/[^a-z0-9]/g, '-'), value] as const)
    .filter(([name]) => identityName.test(name))
    .map(([name, value]) => `${name}: ${value}`)
    .sort()
}
