/**
 * Which of several entries serves a host: the exact one, else the longest `*.suffix`, else `*`, as
 * Envoy matches server names of filter chains (`filter_chain_manager_impl.cc`). Names are compared
 * in lower case; a wildcard stands for one label or more. Of two entries with the same name the
 * first stays.
 */
export class ServerNames<T> {
  readonly #exact = new Map<string, T>()
  readonly #suffix = new Map<string, T>()
  #any: T | undefined

  constructor(entries: readonly { readonly hosts: readonly string[]; readonly value: T }[]) {
    for (const { hosts, value } of entries) {
      for (const host of hosts.length === 0 ? ['*'] : hosts) {
        const name = host.toLowerCase()
        if (name === '*') this.#any ??= value
        else if (name.startsWith('*.')) {
          if (!this.#suffix.has(name.slice(2))) this.#suffix.set(name.slice(2), value)
        } else if (!this.#exact.has(name)) this.#exact.set(name, value)
      }
    }
  }

  /** `undefined` asks for a client that sent no name. */
  find(name: string | undefined): T | undefined {
    if (name === undefined || name === '') return this.#any
    const wanted = name.toLowerCase()
    const exact = this.#exact.get(wanted)
    if (exact !== undefined) return exact
    for (let dot = wanted.indexOf('.'); dot !== -1; dot = wanted.indexOf('.', dot + 1)) {
      const found = this.#suffix.get(wanted.slice(dot + 1))
      if (found !== undefined) return found
    }
    return this.#any
  }
}
