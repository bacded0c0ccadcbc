/**
 * Numbered things that take paths (rules, routes), filed under what a path must be, begin or end with.
 * A path then meets only those filed under something it has, and those that are filed under nothing.
 */
export class PathShelves {
  readonly #unfiled: number[] = []
  readonly #exact = new Map<string, number[]>()
  /** By length: one look-up each, and lengths are few. */
  readonly #beginnings = new Map<number, Map<string, number[]>>()
  readonly #endings = new Map<number, Map<string, number[]>>()

  file(kind: 'exact' | 'prefix' | 'suffix', text: string, number: number): void {
    if (kind === 'exact') {
      push(this.#exact, text, number)
      return
    }
    const shelves = kind === 'prefix' ? this.#beginnings : this.#endings
    let shelf = shelves.get(text.length)
    if (shelf === undefined) {
      shelf = new Map()
      shelves.set(text.length, shelf)
    }
    push(shelf, text, number)
  }

  /** It may take any path. */
  leave(number: number): void {
    this.#unfiled.push(number)
  }

  /** Ascending; a number is there whenever its thing may take the path. */
  meeting(path: string): readonly number[] {
    const lists: number[][] = []
    const add = (list: number[] | undefined) => {
      if (list !== undefined) lists.push(list)
    }
    add(this.#exact.get(path))
    for (const [length, texts] of this.#beginnings) {
      if (length <= path.length) add(texts.get(path.slice(0, length)))
    }
    for (const [length, texts] of this.#endings) {
      if (length <= path.length) add(texts.get(path.slice(path.length - length)))
    }
    if (lists.length === 0) return this.#unfiled
    if (lists.length === 1 && this.#unfiled.length === 0) return lists[0] as number[]
    const all = [...this.#unfiled, ...lists.flat()].sort((a, b) => a - b)
    return all.filter((number, at) => number !== all[at - 1])
  }
}

function push(map: Map<string, number[]>, text: string, number: number): void {
  const list = map.get(text)
  if (list === undefined) map.set(text, [number])
  else if (list.at(-1) !== number) list.push(number)
}
