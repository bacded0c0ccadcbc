/** Secrets in texts: settings in ConfigMaps, words of command lines, scripts, anything that looks like a credential. */
import { createHmac } from 'node:crypto'
import { isPublishedSecret } from '../lint/index.ts'
import { areSettings, scrubLines } from './scrub-lines.ts'
import { credentialsGone } from './scrub-looks.ts'
import { scrubYaml } from './scrub-yaml.ts'
import { isSecretHeader, isSecretName } from './secret-names.ts'

export class Scrubber {
  readonly #key: Buffer

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
    return credentialsGone(text, (value) => this.fingerprint(value))
  }

  /**
   * A ConfigMap's entry: YAML and JSON value by value, settings line by line. A text in a form nobody here
   * knows goes as a whole.
   */
  settings(text: string, key: string): string {
    if (isSecretName(key)) return this.fingerprint(text)
    const shown = this.#structured(text, 0)
    if (shown !== undefined) return shown
    return areSettings(text) ? scrubLines(text, this) : this.fingerprint(text)
  }

  /** A text within another: of whatever form it has, what looks like a secret goes. */
  within(text: string, depth = 1): string {
    const nested = depth < 4 && /[\n{[]/.test(text) ? this.#structured(text, depth) : undefined
    if (nested !== undefined) return nested
    return text.includes('\n') ? scrubLines(text, this) : this.anywhere(text)
  }

  #structured(text: string, depth: number): string | undefined {
    return scrubYaml(text, {
      fingerprint: (value) => this.fingerprint(value),
      anywhere: (value) => this.anywhere(value),
      nested: (value) => this.within(value, depth + 1),
      harmless: (comments) => {
        const plain = comments.replace(/^\s*#/gm, '')
        return scrubLines(plain, this) === plain
      },
    })
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
