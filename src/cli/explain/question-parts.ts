/** The parts of a question as people type them, read the same way in a terminal and in a page. */
import { Fault } from '../../base/index.ts'
import { type Principal, parsePrincipal, type Question } from '../../policy/index.ts'

/** @throws Fault ERR_USAGE */
export function readPrincipal(text: string): Principal {
  const principal = parsePrincipal(text)
  if (principal !== undefined) return principal
  throw new Fault('ERR_USAGE', {
    message: `\`${text}\` is no principal`,
    next: 'use anonymous, user:EMAIL, sa:NAMESPACE/NAME, mesh:NAMESPACE/ACCOUNT or outside',
  })
}

/** Not `new URL`: it would resolve dots and fold the host, which the door is to do. */
export function readUrl(text: string): Pick<Question, 'scheme' | 'host' | 'path'> {
  const [, scheme = '', host = '', rest = '/'] = /^(https?):\/\/([^/?#\\\s]*)([/?][^#]*)?/i.exec(text) ?? []
  const wrong = (message: string): never => {
    throw new Fault('ERR_USAGE', { message, next: 'write it as `https://HOST/PATH`' })
  }
  if (host.includes('@')) return wrong('a URL with a user or password in it is not asked about')
  if (host === '') return wrong(`\`${text}\` is no http(s) URL`)
  const [, name = '', port] = /^(\[[0-9a-f:.]+\]|[^:[\]]*)(?::(\d*))?$/i.exec(host) ?? []
  if (name === '') return wrong(`\`${host}\` is no host`)
  if (port !== undefined && (port === '' || Number(port) < 1 || Number(port) > 65_535)) {
    return wrong(`\`${host}\` has no port from 1 to 65535`)
  }
  // A client sends names outside ASCII in their Punycode form.
  const sent = /^[\x21-\x7e]*$/.test(name) ? name : punycode(name)
  if (sent === '') return wrong(`\`${host}\` is no host`)
  return {
    scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http',
    host: port === undefined ? sent : `${sent}:${port}`,
    path: encodeOther(rest.startsWith('/') ? rest : `/${rest}`),
  }
}

/** Clients percent-encode what may not stand in a request line; everything else is sent as typed. */
function encodeOther(path: string): string {
  return path.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()))
}

export function readHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  if (colon < 1) throw new Fault('ERR_USAGE', { message: `\`${line}\` is no header line, \`Name: value\`` })
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

export function readSpiffe(uri: string): string {
  if (/^spiffe:\/\/[^/]+\/./.test(uri)) return uri
  throw new Fault('ERR_USAGE', {
    message: `\`${uri}\` is no SPIFFE name`,
    next: 'write it as `spiffe://cluster.local/ns/NAMESPACE/sa/ACCOUNT`',
  })
}

/** The form of a host name that goes over the wire; empty = it has none. */
function punycode(name: string): string {
  return URL.parse(`http://${name}/`)?.hostname ?? ''
}

/** @throws Fault ERR_USAGE */
export function checkMethod(method: string): void {
  // A token is a word of three parts: what HTTP calls a method.
  if (/^[A-Z][A-Z-]*$/.test(method)) return
  const upper = method.toUpperCase()
  throw new Fault('ERR_USAGE', {
    message: `\`${method}\` is no HTTP method`,
    ...(/^[A-Z][A-Z-]*$/.test(upper) && { next: `methods are written in capitals: \`${upper}\`` }),
  })
}
