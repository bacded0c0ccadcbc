import type { Fields } from './fields.ts'

/**
 * Marks fields as known that exist in Istio and decide nothing here, and looks for unknown ones
 * inside them. A shape is a list of names; `name{…}` goes into a mapping, `name[…]` into a list of
 * mappings, `name*` leaves the inside alone.
 */
export function unread(fields: Fields, shape: string): void {
  walk(fields, parseShape(shape))
}

type Shape = ReadonlyMap<string, { readonly inside?: Shape; readonly list: boolean }>

const shapes = new Map<string, Shape>()

function parseShape(text: string): Shape {
  let shape = shapes.get(text)
  if (!shape) {
    shape = parseLevel(text.match(/[A-Za-z0-9]+|[{}[\]*]/g) ?? [], { next: 0 })
    shapes.set(text, shape)
  }
  return shape
}

function parseLevel(tokens: readonly string[], position: { next: number }): Shape {
  const shape = new Map<string, { inside?: Shape; list: boolean }>()
  while (position.next < tokens.length) {
    const token = tokens[position.next++] as string
    if (token === '}' || token === ']') break
    const after = tokens[position.next]
    if (after === '{' || after === '[') {
      position.next++
      shape.set(token, { inside: parseLevel(tokens, position), list: after === '[' })
    } else {
      if (after === '*') position.next++
      shape.set(token, { list: false })
    }
  }
  return shape
}

function walk(fields: Fields, shape: Shape): void {
  for (const [name, { inside, list }] of shape) {
    if (!inside) fields.known(name)
    else {
      const children = list ? (fields.list(name) ?? []) : [fields.fields(name)]
      for (const child of children) {
        if (!child) continue
        walk(child, inside)
        child.done()
      }
    }
  }
}
