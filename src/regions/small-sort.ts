/** Sorts a list of numbers where it stands; most have a handful. */
export function ascending(list: number[]): number[] {
  if (list.length > 48) return list.sort((a, b) => a - b)
  for (let at = 1; at < list.length; at++) {
    const value = list[at] as number
    let to = at - 1
    while (to >= 0 && (list[to] as number) > value) {
      list[to + 1] = list[to] as number
      to--
    }
    list[to + 1] = value
  }
  return list
}
