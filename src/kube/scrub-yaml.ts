/** Secrets in YAML and JSON texts: value by value, by the names above them. */
import { Document, isCollection, isMap, isPair, isScalar, parseAllDocuments, visit } from 'yaml'
import { isReference } from './scrub-looks.ts'
import { isSecretGroup, isSecretHeader, isSecretName, mayStay, publicMembers } from './secret-names.ts'

/** What is done with a text that is found. */
export interface Hands {
  fingerprint(value: string): string
  /** Credentials by their own looks. */
  anywhere(text: string): string
  /** A text that may be a configuration itself. */
  nested(text: string): string
  /** Whether a comment holds nothing secret. */
  harmless(comment: string): boolean
}

/** Undefined = it is neither YAML nor JSON. What holds no secret stays letter for letter: a plan may want to change it. */
export function scrubYaml(text: string, hands: Hands): string | undefined {
  // TOML's sections and `=` are no YAML; a lone word is a scalar.
  if (!/[:{[]/.test(text)) return undefined
  const found = parseAllDocuments(text, { strict: false, uniqueKeys: false })
  if (!Array.isArray(found) || found.length === 0) return undefined
  const odd = found.some(
    ({ errors, contents }) => errors.length > 0 || (contents !== null && !isCollection(contents)),
  )
  if (odd) return undefined
  const documents = found.map(withoutAliases)
  if (documents.some((one) => one === undefined)) return undefined
  const walk = new Walk(hands)
  const comments: string[] = []
  for (const [index, document] of (documents as Document[]).entries()) {
    const source = found[index] as Document
    visit(source, {
      Node: (_, node) => void comments.push(node.comment ?? '', node.commentBefore ?? ''),
    })
    comments.push(source.comment ?? '', source.commentBefore ?? '')
    walk.node(document.contents, '', false)
    if (document !== source) walk.again(document.contents)
  }
  const told = comments.join('\n')
  if (!walk.changed && hands.harmless(told)) return text
  for (const document of documents as Document[]) {
    visit(document, {
      Node: (_, node) => {
        node.comment = node.commentBefore = undefined
      },
    })
    document.comment = null
    // Comments hold what was there before.
    document.commentBefore = told.trim() === '' ? null : ` ${hands.fingerprint(told)}`
  }
  return (documents as Document[]).map((document) => document.toString({ lineWidth: 0 })).join('')
}

/** A value that is written elsewhere under a plain name is put where it is used. */
function withoutAliases(document: Document): Document | undefined {
  let aliases = false
  visit(document, {
    Alias: () => {
      aliases = true
      return visit.BREAK
    },
  })
  if (!aliases) return document
  try {
    return new Document(document.toJS({ maxAliasCount: 100 }), { aliasDuplicateObjects: false })
  } catch {
    // More of them than anybody writes.
    return undefined
  }
}

class Walk {
  changed = false
  readonly #hands: Hands
  readonly #secrets = new Set<string>()

  constructor(hands: Hands) {
    this.#hands = hands
  }

  /** `held`: something above it has a name of secrets. */
  node(node: unknown, name: string, held: boolean): void {
    if (isScalar(node)) this.#scalar(node, name, held)
    if (!isCollection(node)) return
    const within = held || isSecretGroup(name)
    if (!isMap(node)) {
      for (const item of node.items) this.node(item, name, within)
      return
    }
    const label = node.get('name') ?? node.get('key')
    const isKey = node.has('kty')
    const variables = /^(proxy_?metadata|environment_?variables|env)$/i.test(name)
    for (const { key, value } of node.items) {
      const own = isScalar(key) ? String(key.value) : ''
      const pair =
        own === 'value' && typeof label === 'string' && (isSecretName(label) || isSecretHeader(label))
      const literal = variables && isScalar(value) && !mayStay(own, String(value.value))
      const half = isKey && !publicMembers.test(own)
      this.node(value, pair || literal || half ? 'secret' : own, within)
    }
  }

  #scalar(node: { value: unknown; tag?: string }, name: string, held: boolean): void {
    const { value } = node
    const secret = isSecretName(name) || isSecretHeader(name)
    if (value instanceof Uint8Array) {
      delete node.tag
      this.#set(node, this.#hands.fingerprint(Buffer.from(value).toString('base64')))
    } else if (typeof value === 'string') {
      const kept = isReference(value) || (held && !secret && isPlainBelow(name, value))
      const goes = (secret || held) && !kept
      if (goes) this.#secrets.add(value)
      this.#set(node, goes ? this.#hands.fingerprint(value) : this.#hands.nested(value))
    } else if ((typeof value === 'number' || typeof value === 'bigint') && secret) {
      this.#set(node, this.#hands.fingerprint(String(value)))
    }
  }

  /** What is secret in one place is so wherever an alias had it from. */
  again(node: unknown): void {
    if (isScalar(node) && typeof node.value === 'string' && this.#secrets.has(node.value)) {
      this.#set(node, this.#hands.fingerprint(node.value))
    }
    if (!isCollection(node)) return
    for (const item of node.items) this.again(isPair(item) ? item.value : item)
  }

  #set(node: { value: unknown }, text: string): void {
    if (String(node.value) === text && typeof node.value === 'string') return
    node.value = text
    this.changed = true
  }
}

/** Below a name of secrets: whose they are and for how long, and names of places. */
function isPlainBelow(name: string, value: string): boolean {
  return (
    /^(name|namespace|type|kind|email|username|userid|.*name|.*file|.*path|.*url|.*endpoint)$/i.test(name) ||
    /^(true|false|(\d+(ms|s|m|h|d))+)$/.test(value)
  )
}
