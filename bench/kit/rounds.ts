/**
 * Interleaved rounds: everybody is measured in every round, in an order that turns, so that whatever
 * else the machine does meets all of them. What is compared is the median.
 */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Contestant {
  readonly name: string
  /** One round; resolves to its figure. */
  readonly round: () => number | Promise<number>
}

export async function interleaved(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<ReadonlyMap<string, Spread>> {
  const figures = new Map<string, number[]>(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const turned = [
      ...contestants.slice(round % contestants.length),
      ...contestants.slice(0, round % contestants.length),
    ]
    const order = round % 2 === 0 ? turned : turned.reverse()
    for (const { name, round: measure } of order) figures.get(name)?.push(await measure())
  }
  return new Map([...figures].map(([name, list]) => [name, spreadOf(list)]))
}

/** @throws where nothing was measured. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]]
  if (low === undefined || high === undefined) throw new Error('no figures')
  return { median: (low + high) / 2, min: sorted[0] as number, max: sorted.at(-1) as number }
}

/**
 * Calls `once` until this process has used `ms` of CPU; returns ns of CPU per unit of work, `once`
 * doing `units` of them. CPU time and not the clock: a neighbour on the same core costs nothing then.
 */
export function cpuPerUnit(once: () => void, units: number, ms: number): number {
  const start = process.cpuUsage()
  let calls = 0
  for (;;) {
    once()
    calls++
    const { user, system } = process.cpuUsage(start)
    if (user + system >= ms * 1000) return ((user + system) * 1000) / (calls * units)
  }
}
