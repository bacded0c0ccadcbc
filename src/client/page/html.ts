import { decodeEntities } from './entities.ts'

/** A control of a form that has a name. */
export interface Field {
  readonly name: string
  /** Lower case; `text` where none is written. */
  readonly type: string
  readonly value: string
  readonly checked: boolean
}

export interface Button {
  readonly name: string
  readonly value: string
  readonly text: string
}

export interface Form {
  readonly method: 'GET' | 'POST'
  readonly action: URL
  readonly fields: readonly Field[]
  readonly buttons: readonly Button[]
}

export interface Link {
  readonly href: URL
  readonly text: string
}

/** What a person sees of a page, as far as a sign-in needs it. */
export interface Page {
  readonly title: string
  readonly forms: readonly Form[]
  readonly links: readonly Link[]
  /** Text of elements that announce an error. */
  readonly alerts: readonly string[]
  readonly headings: readonly string[]
  /** Other text, one entry per block, in order; not that of buttons and links. */
  readonly texts: readonly string[]
}

const voids = new Set('area base br col embed hr img input link meta source track wbr'.split(' '))
const blocks = new Set(
  'address article aside blockquote body dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section table td th tr ul br'.split(
    ' ',
  ),
)
const rawText = new Set(['script', 'style', 'noscript', 'template', 'textarea', 'svg'])
const isHeading = (tag: string) => /^h[1-6]$/.test(tag)
const alertMark = /\b(?:[\w-]*error[\w-]*|alert[\w-]*|[\w-]*danger[\w-]*|invalid-feedback)\b/i
const DEEPEST = 200

interface Open {
  readonly tag: string
  readonly alert: boolean
}

/**
 * Reads a page as leniently as a browser, in one pass and in linear time: forms with every named
 * control, links, headings, announced errors. No script runs.
 *
 * @example
 * readPage('<form method=post action="/login"><input name=login></form>', new URL('http://door/')).forms
 */
export function readPage(html: string, url: URL): Page {
  let base = url
  let title = ''
  const [links, forms, alerts, headings, texts]: [Link[], Form[], string[], string[], string[]] = [
    [],
    [],
    [],
    [],
    [],
  ]
  const stack: Open[] = []
  let form: { method: 'GET' | 'POST'; action: URL; fields: Field[]; buttons: Button[] } | undefined
  let link: { href: URL | undefined; text: string } | undefined
  let button: { name: string; value: string; text: string; submits: boolean } | undefined
  let [text, alertText] = ['', '']

  const inside = (wanted: (open: Open) => boolean) => stack.some(wanted)
  const flush = () => {
    const whole = squeeze(text)
    text = ''
    if (whole === '') return
    if (inside(({ tag }) => isHeading(tag))) headings.push(whole)
    else texts.push(whole)
  }
  const say = (raw: string) => {
    const said = decodeEntities(raw)
    if (link) link.text += said
    if (button) button.text += said
    if (link || button) return
    if (inside(({ alert }) => alert)) alertText += said
    else text += said
  }
  const close = (open: Open) => {
    if (isHeading(open.tag) || blocks.has(open.tag)) {
      if (alertText !== '') alertText += ' '
      flush()
    }
  }
  const closed = (open: Open) => {
    if (open.alert && !inside(({ alert }) => alert)) {
      const whole = squeeze(alertText)
      alertText = ''
      if (whole !== '') alerts.push(whole)
    }
    if (open.tag === 'form' && form) {
      forms.push(form)
      form = undefined
    }
    if (open.tag === 'a' && link) {
      if (link.href) links.push({ href: link.href, text: squeeze(link.text) })
      link = undefined
    }
    if (open.tag === 'button' && button) {
      const { name, value, text: label, submits } = button
      if (submits) form?.buttons.push({ name, value, text: squeeze(label) })
      button = undefined
    }
  }
  const closeTo = (depth: number) => {
    while (stack.length > depth) {
      const open = stack.at(-1) as Open
      close(open)
      stack.pop()
      closed(open)
    }
  }

  for (const token of tokens(html)) {
    if (token.kind === 'text') {
      say(token.text)
      continue
    }
    const { tag } = token
    if (token.kind === 'end') {
      const depth = stack.findLastIndex((open) => open.tag === tag)
      if (depth >= 0) closeTo(depth)
      continue
    }
    const { attributes } = token
    const at = (name: string) => attributes.get(name) ?? ''
    if (blocks.has(tag)) flush()
    switch (tag) {
      case 'base':
        base = resolve(at('href'), base) ?? base
        break
      case 'title':
        title = squeeze(decodeEntities(token.raw ?? ''))
        break
      case 'form':
        if (form) forms.push(form)
        form = {
          method: at('method').toLowerCase() === 'post' ? 'POST' : 'GET',
          // HTML 4.10.21.3: an empty action is the page's own address.
          action: (at('action') === '' ? url : resolve(at('action'), base)) ?? url,
          fields: [],
          buttons: [],
        }
        break
      case 'a':
        link = { href: attributes.has('href') ? resolve(at('href'), base) : undefined, text: '' }
        break
      case 'button':
        button = {
          name: at('name'),
          value: at('value'),
          text: '',
          submits: !/^(button|reset)$/i.test(at('type')),
        }
        break
      case 'input': {
        const type = at('type').toLowerCase() || 'text'
        if (type === 'submit' || type === 'image') {
          form?.buttons.push({ name: at('name'), value: at('value'), text: squeeze(at('value')) })
        } else if (at('name') !== '' && type !== 'button' && type !== 'reset') {
          const fallback = type === 'checkbox' || type === 'radio' ? 'on' : ''
          form?.fields.push({
            name: at('name'),
            type,
            value: attributes.get('value') ?? fallback,
            checked: attributes.has('checked'),
          })
        }
        break
      }
      case 'textarea':
        if (at('name') !== '') {
          form?.fields.push({ name: at('name'), type: 'textarea', value: token.raw ?? '', checked: false })
        }
        break
    }
    if (!voids.has(tag) && token.raw === undefined && stack.length < DEEPEST) {
      stack.push({ tag, alert: alertMark.test(`${at('id')} ${at('class')}`) || at('role') === 'alert' })
    }
  }
  closeTo(0)
  flush()
  return { title, forms, links, alerts, headings, texts }
}

type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'end'; readonly tag: string }
  | {
      readonly kind: 'start'
      readonly tag: string
      readonly attributes: ReadonlyMap<string, string>
      /** The text of an element whose content is no markup; its end tag is read with it. */
      readonly raw?: string
    }

function* tokens(html: string): Generator<Token> {
  let at = 0
  // Lower-cased once, to find end tags of raw text in any case without reading everything again.
  const lower = html.toLowerCase()
  while (at < html.length) {
    const less = html.indexOf('<', at)
    if (less < 0) {
      yield { kind: 'text', text: html.slice(at) }
      return
    }
    if (less > at) yield { kind: 'text', text: html.slice(at, less) }
    if (html.startsWith('<!--', less)) {
      const end = html.indexOf('-->', less + 4)
      at = end < 0 ? html.length : end + 3
      continue
    }
    const next = html[less + 1] ?? ''
    if (next === '!' || next === '?') {
      const end = html.indexOf('>', less)
      at = end < 0 ? html.length : end + 1
      continue
    }
    if (!/[a-z/]/i.test(next)) {
      yield { kind: 'text', text: '<' }
      at = less + 1
      continue
    }
    const read = readTag(html, less)
    at = read.end
    if (read.closing) {
      yield { kind: 'end', tag: read.tag }
      continue
    }
    let raw: string | undefined
    // A picture may close itself, and what follows one that is never closed is page again (HTML 13.2.6.5).
    if (read.tag === 'svg' && (read.closesItself || lower.indexOf('</svg', at) < 0)) continue
    if (rawText.has(read.tag) || read.tag === 'title') {
      const end = lower.indexOf(`</${read.tag}`, at)
      raw = html.slice(at, end < 0 ? html.length : end)
      const after = end < 0 ? -1 : html.indexOf('>', end)
      at = after < 0 ? html.length : after + 1
    }
    yield { kind: 'start', tag: read.tag, attributes: read.attributes, raw }
  }
}

const attributePattern = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>`]+)))?|>|"[^"]*"|'[^']*'/gy
const spacePattern = /[\s/=<`]*/gy

function readTag(
  html: string,
  start: number,
): { tag: string; closing: boolean; closesItself: boolean; attributes: Map<string, string>; end: number } {
  const closing = html[start + 1] === '/'
  const attributes = new Map<string, string>()
  let at = start + (closing ? 2 : 1)
  let tag = ''
  while (at < html.length && /[^\s/>]/.test(html[at] as string)) tag += html[at++]
  while (at < html.length) {
    spacePattern.lastIndex = at
    spacePattern.exec(html)
    at = Math.max(at, spacePattern.lastIndex)
    attributePattern.lastIndex = at
    const found = attributePattern.exec(html)
    if (!found) {
      // A lone quote or the end: step over it.
      at++
      continue
    }
    at = attributePattern.lastIndex
    if (found[0] === '>') break
    const name = found[1]?.toLowerCase()
    if (name !== undefined && !attributes.has(name)) {
      attributes.set(name, decodeEntities(found[2] ?? found[3] ?? found[4] ?? ''))
    }
  }
  return { tag: tag.toLowerCase(), closing, closesItself: html[at - 2] === '/', attributes, end: at }
}

function resolve(text: string, base: URL): URL | undefined {
  try {
    const url = new URL(text, base)
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
  } catch {
    return undefined
  }
}

const squeeze = (text: string) => text.replace(/\s+/g, ' ').trim()
