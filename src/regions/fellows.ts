/** Callers whom none of several doors tells apart in a cell: each such group is asked about once. */
import type { Axes } from './axes.ts'
import { both, isEmpty, membersOf } from './bits.ts'
import type { Cell } from './cell.ts'
import type { CallerClass } from './gate.ts'

export interface Fellows {
  /** Places in the list of callers, in order. */
  readonly callers: readonly number[]
  /** Their class at each door. */
  readonly classes: readonly CallerClass[]
}

/**
 * @param classes of each door, in the order of the cell's axes
 * @returns `kept`: some fare alike at all doors for certain, and are in no group; nor are those all doors refuse
 */
export function fellows(
  cell: Cell,
  classes: readonly (readonly CallerClass[])[],
): { readonly groups: readonly Fellows[]; readonly kept: boolean } {
  const [first] = cell.axes
  const comparable = cell.beyond === undefined && cell.axes.every((each) => meetsSame(first, each))
  const groups: Fellows[] = []
  let kept = false
  const join = (at: number, chosen: readonly CallerClass[], among: CallerClass['callers']): void => {
    const list = classes[at]
    if (list !== undefined) {
      for (const each of list) {
        const common = at === 0 ? each.callers : both(among, each.callers)
        if (!isEmpty(common)) join(at + 1, [...chosen, each], common)
      }
      return
    }
    const key = chosen[0]?.key
    // The same answer of every filter, and the same way from there on.
    if (comparable && key?.startsWith('?') === false && chosen.every((each) => each.key === key)) kept = true
    // Whom every door turns away, none of them has a way for.
    else if (!chosen.every((each) => each.refused === true))
      groups.push({ callers: membersOf(among), classes: chosen })
  }
  join(0, [], new Uint32Array())
  groups.sort((one, other) => (one.callers[0] ?? 0) - (other.callers[0] ?? 0))
  return { groups, kept }
}

/** Everything but the first proxy's rules. */
export function meetsSame(one: Axes | undefined, other: Axes | undefined): boolean {
  return one === other || metText(one) === metText(other)
}

const met = new WeakMap<Axes, string>()
const rules = new WeakMap<Axes, string>()

/** What they meet, as one text; written once for all that varies of a path. */
const metText = (axes: Axes | undefined) => textOf(met, axes, 'met')
export const rulesText = (axes: Axes | undefined) => textOf(rules, axes, 'rules')

function textOf(known: WeakMap<Axes, string>, axes: Axes | undefined, of: 'met' | 'rules'): string {
  if (axes === undefined) return ''
  let text = known.get(axes)
  if (text === undefined) {
    text = axes[of].join()
    known.set(axes, text)
  }
  return text
}
