import { PathShelves } from './path-shelves.ts'
import type { Route } from './route.ts'

/** Fewer are tried in turn. */
const smallest = 24

const indexes = new WeakMap<readonly Route[], PathShelves>()

/** Those of a virtual host's routes that may take the path, in their order. */
export function routesFor(routes: readonly Route[], path: string): readonly Route[] {
  if (routes.length < smallest) return routes
  let shelves = indexes.get(routes)
  if (shelves === undefined) {
    shelves = shelve(routes)
    indexes.set(routes, shelves)
  }
  return shelves.meeting(path).map((number) => routes[number] as Route)
}

function shelve(routes: readonly Route[]): PathShelves {
  const shelves = new PathShelves()
  for (const [number, { path }] of routes.entries()) {
    const { kind, text, ignoreCase } = path
    if (kind === 'regex' || ignoreCase) shelves.leave(number)
    else shelves.file(kind === 'exact' ? 'exact' : 'prefix', text, number)
  }
  return shelves
}
