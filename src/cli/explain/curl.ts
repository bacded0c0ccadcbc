/** A pasted curl command line, read as curl reads it (man 1 curl): which request it would send. */
import { Fault } from '../../base/index.ts'
import type { HeaderList } from '../../policy/index.ts'

export interface CurlRequest {
  readonly method: string
  readonly url: string
  readonly headers: HeaderList
  readonly body?: string
}

type Read = (file: string) => string

/** What each option does; whatever only concerns the connection, the output or later requests does nothing. */
interface Draft {
  readonly read: Read
  url?: string
  method?: string
  head: boolean
  get: boolean
  upload: boolean
  asIs: boolean
  json: boolean
  form: boolean
  readonly data: string[]
  readonly headers: [string, string][]
  readonly cookies: string[]
  readonly removed: string[]
}

const ignoredFlags = new Set(
  `--insecure --silent --show-error --verbose --include --location --location-trusted --fail --compressed
  --fail-with-body --globoff --http1.1 --http2 --http2-prior-knowledge --http1.0 --ipv4 --ipv6 --no-buffer
  --remote-name --remote-name-all --progress-bar --no-progress-meter --tlsv1.2 --tlsv1.3 --ssl-no-revoke
  --no-keepalive --tcp-nodelay --create-dirs --junk-session-cookies --basic --parallel --disable --next`.split(
    /\s+/,
  ),
)
const ignoredWithValue = new Set(
  `--output --write-out --cacert --capath --cert --key --pass --cert-type --key-type --max-time --retry
  --connect-timeout --retry-delay --retry-max-time --max-redirs --resolve --connect-to --proxy --noproxy
  --cookie-jar --interface --limit-rate --dns-servers --ciphers --stderr --trace --trace-ascii --tls-max
  --proxy-user --speed-limit --speed-time --unix-socket --config`.split(/\s+/),
)
const short: Readonly<Record<string, string>> = {
  X: '--request',
  H: '--header',
  d: '--data',
  b: '--cookie',
  u: '--user',
  A: '--user-agent',
  e: '--referer',
  F: '--form',
  T: '--upload-file',
  I: '--head',
  G: '--get',
  k: '--insecure',
  s: '--silent',
  S: '--show-error',
  v: '--verbose',
  i: '--include',
  L: '--location',
  f: '--fail',
  g: '--globoff',
  N: '--no-buffer',
  O: '--remote-name',
  q: '--disable',
  j: '--junk-session-cookies',
  Z: '--parallel',
  '#': '--progress-bar',
  '4': '--ipv4',
  '6': '--ipv6',
  '0': '--http1.0',
  o: '--output',
  w: '--write-out',
  E: '--cert',
  m: '--max-time',
  x: '--proxy',
  c: '--cookie-jar',
  U: '--proxy-user',
  K: '--config',
  r: '--range',
}

const flags: Readonly<Record<string, (draft: Draft) => void>> = {
  '--head': (draft) => {
    draft.head = true
  },
  '--get': (draft) => {
    draft.get = true
  },
  '--path-as-is': (draft) => {
    draft.asIs = true
  },
}

const withValue: Readonly<Record<string, (draft: Draft, value: string) => void>> = {
  '--url': (draft, value) => setUrl(draft, value),
  '--request': (draft, value) => {
    draft.method = value
  },
  '--header': (draft, value) => addHeader(draft, value),
  '--data': (draft, value) => draft.data.push(fromFile(draft, value, true)),
  '--data-ascii': (draft, value) => draft.data.push(fromFile(draft, value, true)),
  '--data-binary': (draft, value) => draft.data.push(fromFile(draft, value, false)),
  '--data-raw': (draft, value) => draft.data.push(value),
  '--data-urlencode': (draft, value) => draft.data.push(urlEncoded(draft, value)),
  '--json': (draft, value) => {
    draft.json = true
    draft.data.push(fromFile(draft, value, false))
  },
  '--form': (draft) => {
    draft.form = true
  },
  '--form-string': (draft) => {
    draft.form = true
  },
  '--upload-file': (draft) => {
    draft.upload = true
  },
  '--cookie': (draft, value) => addCookie(draft, value),
  '--user': (draft, value) => {
    draft.headers.push(['Authorization', `Basic ${Buffer.from(value).toString('base64')}`])
  },
  '--oauth2-bearer': (draft, value) => {
    draft.headers.push(['Authorization', `Bearer ${value}`])
  },
  '--user-agent': (draft, value) => {
    draft.headers.push(['User-Agent', value])
  },
  '--referer': (draft, value) => {
    draft.headers.push(['Referer', value])
  },
  '--range': (draft, value) => {
    draft.headers.push(['Range', `bytes=${value}`])
  },
}

/**
 * `words` is the command line after the shell has taken its quotes away, `curl` first. `read` gives a
 * file's text.
 *
 * @throws Fault ERR_USAGE for an option that is not known, and where there is no URL
 */
export function parseCurl(words: readonly string[], read: Read): CurlRequest {
  const draft: Draft = {
    read,
    head: false,
    get: false,
    upload: false,
    asIs: false,
    json: false,
    form: false,
    data: [],
    headers: [],
    cookies: [],
    removed: [],
  }
  const rest = words.slice(1)
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] as string
    if (word === '--' || word === '') continue
    if (!word.startsWith('-') || word === '-') {
      setUrl(draft, word)
      continue
    }
    for (const [name, inline] of optionsOf(word)) {
      const act = withValue[name]
      if (act !== undefined || ignoredWithValue.has(name)) {
        const value = inline ?? rest[++index]
        if (value === undefined) throw new Fault('ERR_USAGE', { message: `curl's \`${name}\` needs a value` })
        act?.(draft, value)
      } else if (flags[name] !== undefined) flags[name](draft)
      else if (!ignoredFlags.has(name)) {
        throw new Fault('ERR_USAGE', {
          message: `curl's \`${name}\` is not understood here`,
          next: 'leave it out if it does not change the request',
        })
      }
    }
  }
  return finish(draft)
}

/** `--data=x` is no curl, but `-XPOST` and `-sSLk` are. */
function* optionsOf(word: string): Generator<readonly [name: string, inline?: string]> {
  if (word.startsWith('--')) {
    // `--no-…` switches a flag off.
    yield [/^--no-(?!buffer|progress-meter|keepalive)/.test(word) ? '--silent' : word]
    return
  }
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] as string
    const name = short[letter] ?? `-${letter}`
    const rest = word.slice(at + 1)
    if ((withValue[name] !== undefined || ignoredWithValue.has(name)) && rest !== '') {
      yield [name, rest]
      return
    }
    yield [name]
  }
}

function setUrl(draft: Draft, url: string): void {
  if (draft.url !== undefined) {
    throw new Fault('ERR_USAGE', {
      message: `the curl command names two URLs, \`${draft.url}\` and \`${url}\``,
      next: 'ask about one',
    })
  }
  draft.url = url
}

/** `Name: value`; `Name:` takes curl's own header away; `Name;` sends it empty. */
function addHeader(draft: Draft, line: string): void {
  if (line.startsWith('@')) {
    for (const one of draft.read(line.slice(1)).split(/\r?\n/)) if (one.trim() !== '') addHeader(draft, one)
    return
  }
  const colon = line.indexOf(':')
  if (colon > 0) {
    const value = line.slice(colon + 1).trim()
    if (value === '') draft.removed.push(line.slice(0, colon).toLowerCase())
    else draft.headers.push([line.slice(0, colon), value])
  } else if (line.endsWith(';')) draft.headers.push([line.slice(0, -1), ''])
}

/** `a=b; c=d`, or a cookie jar's file, whose cookies are all sent. */
function addCookie(draft: Draft, value: string): void {
  if (value.includes('=')) {
    draft.cookies.push(value)
    return
  }
  for (const line of draft.read(value).split(/\r?\n/)) {
    const fields = line.replace(/^#HttpOnly_/, '').split('\t')
    if (fields.length >= 7 && !fields[0]?.startsWith('#')) draft.cookies.push(`${fields[5]}=${fields[6]}`)
  }
}

function fromFile(draft: Draft, value: string, joinLines: boolean): string {
  if (!value.startsWith('@')) return value
  const text = draft.read(value.slice(1))
  return joinLines ? text.replace(/[\r\n\0]/g, '') : text
}

/** `content`, `=content`, `name=content`, `@file`, `name@file`. */
function urlEncoded(draft: Draft, value: string): string {
  const [, name = '', sign, content = ''] = /^([^=@]*)([=@])([\s\S]*)$/.exec(value) ?? []
  if (sign === undefined) return encodeURIComponent(value)
  const text = encodeURIComponent(sign === '@' ? draft.read(content) : content)
  return name === '' ? text : `${name}=${text}`
}

function finish(draft: Draft): CurlRequest {
  if (draft.url === undefined) throw new Fault('ERR_USAGE', { message: 'the curl command names no URL' })
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(draft.url) ? draft.url : `http://${draft.url}`
  const [, start = '', user, host = '', rest = ''] =
    /^([a-z][a-z0-9+.-]*:\/\/)(?:([^/?#@]*)@)?([^/?#]*)([^#]*)/i.exec(withScheme) ?? []
  if (user !== undefined) {
    const pair = decodeURIComponent(user)
    draft.headers.push(['Authorization', `Basic ${Buffer.from(pair).toString('base64')}`])
  }
  const { data } = draft
  const sends = data.length > 0 && !draft.get
  let target = draft.asIs ? rest : withoutDots(rest)
  if (data.length > 0 && draft.get) target += `${target.includes('?') ? '&' : '?'}${data.join('&')}`
  const usual = draft.head ? 'HEAD' : draft.upload ? 'PUT' : sends || draft.form ? 'POST' : 'GET'
  const sent = new Set(draft.headers.map(([name]) => name.toLowerCase()))
  const own: [string, string][] = [
    ['User-Agent', 'curl/8'],
    ['Accept', draft.json ? 'application/json' : '*/*'],
    ...(draft.cookies.length > 0 ? [['Cookie', draft.cookies.join('; ')] as [string, string]] : []),
    ...(sends
      ? [
          ['Content-Type', draft.json ? 'application/json' : 'application/x-www-form-urlencoded'] as [
            string,
            string,
          ],
        ]
      : []),
    ...(draft.form ? [['Content-Type', 'multipart/form-data'] as [string, string]] : []),
  ]
  return {
    method: draft.method ?? usual,
    url: `${start}${host}${target}`,
    headers: [
      ...own.filter(([name]) => !sent.has(name.toLowerCase()) && !draft.removed.includes(name.toLowerCase())),
      ...draft.headers,
    ],
    ...(sends && { body: data.join(draft.json ? '' : '&') }),
  }
}

/** curl resolves dot segments before it sends (RFC 3986 section 5.2.4), unless `--path-as-is`. */
function withoutDots(target: string): string {
  const cut = target.indexOf('?')
  const path = cut === -1 ? target : target.slice(0, cut)
  if (!/(^|\/)\.\.?(\/|$)/.test(path)) return target
  const kept: string[] = []
  const parts = path.split('/').slice(1)
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1
    if (part === '..') kept.pop()
    else if (part !== '.') kept.push(part)
    if (last && (part === '.' || part === '..')) kept.push('')
  }
  return `/${kept.join('/')}${cut === -1 ? '' : target.slice(cut)}`
}
