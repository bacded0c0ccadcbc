/**
 * A radix tree from texts to lists, walked along a request's value without building strings:
 * `visitPrefixes` finds everything filed under a prefix of the value, in one pass over it.
 */
export class Radix<T> {
  readonly #root: Node<T> = { label: '', values: [], children: new Map() }

  add(text: string, value: T): void {
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

  /** Calls `test` with what is filed under each prefix of `text`, shortest first, until it says true. */
  somePrefix(text: string, test: (value: T) => boolean): boolean {
    let node: Node<T> | undefined = this.#root
    let at = 0
    while (node !== undefined) {
      for (const value of node.values) if (test(value)) return true
      if (at === text.length) return false
      const child: Node<T> | undefined = node.children.get(text.charCodeAt(at))
      if (child === undefined || !text.startsWith(child.label, at)) return false
      at += child.label.length
      node = child
    }
    return false
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

export function reversed(text: string): string {
  let out = ''
  for (let i = text.length - 1; i >= 0; i--) out += text[i]
  return out
}
