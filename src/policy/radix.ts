/**
 * A radix tree from texts to lists, walked along a request's value without building strings:
 * `someBeginning` finds everything filed under a beginning of the value in one pass over it. A tree
 * `backwards` reads texts from their end, so that beginnings are endings.
 */
export class Radix<T> {
  readonly #root: Node<T> = { label: '', values: [], children: new Map() }
  readonly #backwards: boolean

  constructor(backwards = false) {
    this.#backwards = backwards
  }

  add(written: string, value: T): void {
    const text = this.#backwards ? reversed(written) : written
    let node = this.#root
    let at = 0
    while (at < text.length) {
      const child = node.children.get(text.charCodeAt(at))
      if (child === undefined) {
        const leaf: Node<T> = { label: text.slice(at), values: [value], children: new Map() }
        node.children.set(text.charCodeAt(at), leaf)
        return
      }
      const shared = sharedLength(child.label, text, at)
      node = shared === child.label.length ? child : split(node, child, shared)
      at += shared
    }
    node.values.push(value)
  }

  /** Calls `test` with what is filed under each beginning of `text`, shortest first, until it says true. */
  someBeginning(text: string, test: (value: T) => boolean): boolean {
    const { length } = text
    let node = this.#root
    let at = 0
    for (;;) {
      for (const value of node.values) if (test(value)) return true
      if (at === length) return false
      const child = node.children.get(text.charCodeAt(this.#backwards ? length - 1 - at : at))
      if (child === undefined || !this.#continues(child.label, text, at)) return false
      at += child.label.length
      node = child
    }
  }

  #continues(label: string, text: string, at: number): boolean {
    if (!this.#backwards) return text.startsWith(label, at)
    const last = text.length - 1 - at
    if (label.length > last + 1) return false
    for (let i = 1; i < label.length; i++) {
      if (label.charCodeAt(i) !== text.charCodeAt(last - i)) return false
    }
    return true
  }
}

interface Node<T> {
  readonly label: string
  readonly values: T[]
  readonly children: Map<number, Node<T>>
}

function sharedLength(label: string, text: string, at: number): number {
  let length = 0
  while (length < label.length && label.charCodeAt(length) === text.charCodeAt(at + length)) length++
  return length
}

/** Puts a node between parent and child where their labels part. */
function split<T>(parent: Node<T>, child: Node<T>, length: number): Node<T> {
  const middle: Node<T> = { label: child.label.slice(0, length), values: [], children: new Map() }
  const rest: Node<T> = { label: child.label.slice(length), values: child.values, children: child.children }
  middle.children.set(rest.label.charCodeAt(0), rest)
  parent.children.set(middle.label.charCodeAt(0), middle)
  return middle
}

function reversed(text: string): string {
  let out = ''
  for (let i = text.length - 1; i >= 0; i--) out += text[i]
  return out
}
