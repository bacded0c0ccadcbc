/** Doors that are compared again and again: each is compiled once, and what was asked of it is kept. */
import type { Mesh } from '../mesh/index.ts'
import type { Principal } from '../policy/index.ts'
import { callerOf, nameOf } from './caller.ts'
import { Contents } from './contents.ts'
import { findPrincipals } from './find-callers.ts'
import { Judge } from './judge.ts'
import { View, type ViewOptions } from './view.ts'

/** A door, and how it is looked at. */
export interface Seen {
  readonly mesh: Mesh
  readonly view: ViewOptions
}

export interface Asking {
  /** Seconds since the epoch. */
  readonly now: number
  /** Callers asked about beside those found in the YAML. */
  readonly principals?: readonly Principal[]
}

export class Doors {
  readonly #contents = new Contents()
  readonly #views = new Map<Mesh, Map<ViewOptions, View>>()
  readonly #judges = new Map<View, Map<string, Judge>>()
  readonly #found = new Map<Mesh, readonly Principal[]>()

  /** One for each door, all of them with the same callers in the same places. */
  judges(seen: readonly Seen[], { now, principals: asked = [] }: Asking): readonly Judge[] {
    const principals = new Map<string, Principal>()
    for (const principal of [...seen.flatMap(({ mesh }) => this.#principals(mesh)), ...asked]) {
      principals.set(nameOf(principal), principal)
    }
    const key = `${now} ${[...principals.keys()].join(' ')}`
    return seen.map((each) => {
      const view = this.#view(each)
      const known = remember(this.#judges, view, () => new Map<string, Judge>())
      return remember(known, key, () => {
        const callers = [...principals.values()].map((principal) => callerOf(view.mesh, principal, now))
        return new Judge(view, callers, now)
      })
    })
  }

  #view({ mesh, view }: Seen): View {
    const known = remember(this.#views, mesh, () => new Map<ViewOptions, View>())
    return remember(known, view, () => new View(mesh, view, this.#contents))
  }

  #principals(mesh: Mesh): readonly Principal[] {
    return remember(this.#found, mesh, () => findPrincipals(mesh))
  }
}

function remember<K, T>(map: Map<K, T>, key: K, make: () => T): T {
  let found = map.get(key)
  if (found === undefined) {
    found = make()
    map.set(key, found)
  }
  return found
}
