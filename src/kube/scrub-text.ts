/** Secrets in texts: settings in ConfigMaps, words of command lines, scripts, anything that looks like a credential. */
import { createHmac } from 'node:crypto'
import { isCollection, isMap, isScalar, type Node, parseAllDocuments, visit } from 'yaml'
import { isPublishedSecret } from '../lint/index.ts'
import { isSecretHeader, isSecretName } from './secret-names.ts'

export class Scrubber {
  readonly #key: Buffer
  #changed = false

  /** `key`: of one snapshot alone. Equal values can be told within it, and none can be looked up. */
  constructor(key: Buffer) {
    this.#key = key
  }

  fingerprint(value: string): string {
    // What everybody can read in the manifests stays: that it is in use is a finding.
    if (value === '' || isPublishedSecret(value)) return value
    return `scrubbed:${this.digest(value)}`
  }

  /** 16 hex digits. */
  digest(value: string): string {
    return createHmac('sha256', this.#key).update(value).digest('hex').slice(0, 16)
  }

  /** Credentials by their own looks, wherever they stand. */
  anywhere(text: string): string {
    const gone = (value: string) => this.fingerprint(value)
    return text
      .replace(
        /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g,
        (value) => gone(value),
      )
      .replace(/\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g, (value) => gone(value))
      .replace(
        /\b(Bearer|Basic|Token|Digest)\s+([A-Za-z0-9._~+/-]{6,}=*)/gi,
        (_all, scheme: string, value: string) =>
          value.startsWith('scrubbed') ? _all : `${scheme} ${gone(value)}`,
      )
      .replace(
        /(\w+:\/\/[^\s:/@"']*:)([^\s@/"']+)@/g,
        (_all, before: string, value: string) => `${before}${gone(value)}@`,
      )
      .replace(
        /([?&][\w.-]*(?:token|secret|password|api_?key|sig(?:nature)?|code)=)([^\s&"'#]+)/gi,
        (_all, before: string, value: string) => `${before}${gone(value)}`,
      )
      .replace(/\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}/g, gone)
      .replace(
        /\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{20,}|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{30,}/g,
        gone,
      )
      .replace(
        /\b([A-Za-z_][\w.-]*)=(?!=)("[^"]*"|'[^']*'|[^\s"';&|]+)/g,
        (all, name: string, value: string) =>
          isSecretName(name) && value !== '' ? `${name}=${gone(value)}` : all,
      )
  }

  /** A ConfigMap's entry: YAML and JSON value by value, everything else line by line. */
  settings(text: string, key: string): string {
    if (isSecretName(key)) return this.fingerprint(text)
    return this.#structured(text) ?? this.#lines(text)
  }

  #structured(text: string): string | undefined {
    // TOML's sections and `=` are no YAML; a lone word is a scalar.
    if (!/[:{[]/.test(text)) return undefined
    const documents = parseAllDocuments(text, { strict: false, uniqueKeys: false })
    if (!Array.isArray(documents) || documents.length === 0) return undefined
    if (
      documents.some(
        ({ errors, contents }) => errors.length > 0 || (contents !== null && !isCollection(contents)),
      )
    ) {
      return undefined
    }
    this.#changed = false
    const comments: string[] = []
    for (const document of documents) {
      visit(document, {
        Node: (_, node) => void comments.push(node.comment ?? '', node.commentBefore ?? ''),
      })
      comments.push(document.comment ?? '', document.commentBefore ?? '')
      this.#walk(document.contents as Node | null, '')
    }
    const told = comments.join('\n')
    // What holds no secret stays letter for letter: a plan may want to change it.
    if (!this.#changed && this.#lines(told.replace(/^\s*#/gm, '')) === told.replace(/^\s*#/gm, ''))
      return text
    for (const document of documents) {
      visit(document, {
        Node: (_, node) => {
          node.comment = node.commentBefore = undefined
        },
      })
      document.comment = null
      // Comments hold what was there before.
      document.commentBefore = told.trim() === '' ? null : ` ${this.fingerprint(told)}`
    }
    return documents.map((document) => document.toString({ lineWidth: 0 })).join('')
  }

  #walk(node: unknown, name: string): void {
    if (isScalar(node)) {
      if (typeof node.value === 'string') {
        const held = isSecretName(name) && !isReference(node.value)
        this.#set(node, held ? this.fingerprint(node.value) : this.anywhere(node.value))
      } else if (typeof node.value === 'number' && isSecretName(name)) {
        this.#set(node, this.fingerprint(String(node.value)))
      }
      return
    }
    if (!isCollection(node)) return
    if (!isMap(node)) {
      for (const item of node.items) this.#walk(item, name)
      return
    }
    const named = node.get('name') ?? node.get('key')
    for (const { key, value } of node.items) {
      const own = isScalar(key) ? String(key.value) : ''
      const pair =
        own === 'value' && typeof named === 'string' && (isSecretName(named) || isSecretHeader(named))
      this.#walk(value, pair ? 'secret' : own)
    }
  }

  #set(node: { value: unknown }, text: string): void {
    if (String(node.value) === text) return
    node.value = text
    this.#changed = true
  }

  /** `name: value`, `name = "value"`; comments go, for they hold what was there before. */
  #lines(text: string): string {
    return this.anywhere(text)
      .split('\n')
      .map((line) => {
        if (/^\s*[#;]/.test(line)) return line.replace(/[#;].*$/, '#')
        const found = /^(\s*(?:-\s+)?["']?([A-Za-z0-9_.-]+)["']?\s*[:=]\s*)(.+?)\s*$/.exec(line)
        const [, before = '', name = '', value = ''] = found ?? []
        if (found === null || !isSecretName(name) || isReference(value) || /^(true|false)$/.test(value))
          return line
        const quote = /^(["']).*\1,?$/.test(value) ? (value[0] as string) : ''
        return `${before}${quote}${this.fingerprint(value.replace(/^["']|["'],?$/g, ''))}${quote}`
      })
      .join('\n')
  }

  /**
   * A script that only moves headers is read by the engine; of its texts the names of headers stay, and
   * short plain words for headers that carry no secret. Everything else, comments too, goes.
   */
  lua(text: string): string {
    const plain = text
      .replace(/--(\[(=*)\[[\s\S]*?\]\2\]|[^\n]*)/g, '--')
      .replace(/\[(=*)\[([\s\S]*?)\]\1\]/g, (_, __, body: string) => `"${this.fingerprint(body)}"`)
    return plain.replace(/(["'])((?:[^"'\\\n]|\\.)*)\1/g, (all, quote: string, value: string, at: number) => {
      const before = plain.slice(Math.max(0, at - 160), at)
      const scrubbed = `${quote}${this.fingerprint(value)}${quote}`
      if (/:\s*(get|remove|getHeader|add|replace|getBoolean)\s*\(\s*$/.test(before)) return all
      const set = /:\s*(?:add|replace)\s*\(\s*["']([^"']*)["']\s*,\s*$/.exec(before)
      const harmless =
        set !== null && !isSecretHeader(set[1] ?? '') && /^[a-z/.-]{0,20}$|^:[a-z]+$/i.test(value)
      return harmless ? all : scrubbed
    })
  }
}

/** `$DEX_SECRET`, `$(VALUE)`, `{{ .Values.x }}`: the secret stands elsewhere. */
function isReference(value: string): boolean {
  return /^["']?(\$[A-Z_{(][\w.)}]*|\{\{.*\}\})["']?$/.test(value)
}
