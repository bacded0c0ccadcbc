/**
 * A radix tree from texts to lists: `firstBeginning` finds what is filed under the beginnings of a
 * request's value in one pass over it, without building strings. A tree `backwards` reads texts from
 * their end, so that beginnings are endings.
 *
 * On the way down only the characters where texts part are looked at; the rest is compared at once
 * where something is filed.
 */
export class Radix<T> {
  readonly #root: Node<T> = aNode('', 0)
  readonly #backwards: boolean

  constructor(backwards = false) {
    this.#backwards = backwards
  }

  add(text: string, value: T): void {
    let node = this.#root
    while (node.length < text.length) {
      const code = this.#code(text, node.length)
      const index = childAt(node, code)
      const child = node.children[index]
      if (child === undefined) {
        const leaf = aNode<T>(text, text.length)
        leaf.values.push(value)
        node.codes.push(code)
        node.children.push(leaf)
        return
      }
      const shared = this.#shared(child, text, node.length)
      if (shared < child.length) {
        // A node where the two part, between `node` and `child`.
        const middle = aNode<T>(text, shared)
        middle.codes.push(this.#code(child.text, shared))
        middle.children.push(child)
        node.children[index] = middle
        node = middle
      } else node = child
    }
    node.text = text
    node.values.push(value)
  }

  /**
   * Calls `test` with what is filed under each beginning of `text`, shortest first, until it returns
   * something; `context` is handed through so that nobody has to make a closure per request.
   */
  firstBeginning<C, R>(
    text: string,
    test: (value: T, context: C) => R | undefined,
    context: C,
  ): R | undefined {
    const { length } = text
    let node = this.#root
    for (;;) {
      const { values } = node
      if (values.length > 0) {
        const begins = this.#backwards ? text.endsWith(node.text) : text.startsWith(node.text)
        if (!begins) return undefined
        for (let i = 0; i < values.length; i++) {
          const result = test(values[i] as T, context)
          if (result !== undefined) return result
        }
      }
      if (node.length === length) return undefined
      const child = node.children[childAt(node, this.#code(text, node.length))]
      if (child === undefined || child.length > length) return undefined
      node = child
    }
  }

  /** The character at a place, counted from where texts begin. */
  #code(text: string, at: number): number {
    return text.charCodeAt(this.#backwards ? text.length - 1 - at : at)
  }

  /** How much of a node's text another one has too, `from` being known. */
  #shared(node: Node<T>, text: string, from: number): number {
    let at = from
    while (at < node.length && at < text.length && this.#code(node.text, at) === this.#code(text, at)) at++
    return at
  }
}

/** Few children each, so the right one is found by looking at all. */
interface Node<T> {
  /** Its first `length` characters lead here; where something is filed it has no more. */
  text: string
  readonly length: number
  readonly values: T[]
  /** Of each child, the character it goes on with. */
  readonly codes: number[]
  readonly children: Node<T>[]
}

function aNode<T>(text: string, length: number): Node<T> {
  return { text, length, values: [], codes: [], children: [] }
}

/** Past the end when there is none. */
function childAt<T>({ codes }: Node<T>, code: number): number {
  let index = 0
  while (index < codes.length && codes[index] !== code) index++
  return index
}
