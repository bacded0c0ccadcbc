/**
 * Host names as Istio compares them: a leading `*` covers every name with that ending. Case is kept,
 * because Istio compares as written (`APP.x` and `app.x` never meet). Agrees with `pkg/config/host`.
 */

const isWildcard = (name: string) => name.startsWith('*')

/** Every name `a` stands for is one `b` stands for. */
export function isSubsetOf(a: string, b: string): boolean {
  if (isWildcard(a)) {
    return isWildcard(b) && a.length >= b.length && a.slice(1).endsWith(b.slice(1))
  }
  return isWildcard(b) ? a.endsWith(b.slice(1)) : a === b
}

/** Whether the two have a name in common. */
export function overlaps(a: string, b: string): boolean {
  return isSubsetOf(a, b) || isSubsetOf(b, a)
}
