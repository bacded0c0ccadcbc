import { getHeapStatistics } from 'node:v8'

/**
 * Bytes `once` allocates in JavaScript's heap for each of its `units`, over at least `least` units:
 * what V8 has handed out since the process began, collected or not. What of it is the engine's own
 * warming up is left out by a first round.
 */
export function bytesPerUnit(once: () => void, units: number, least: number): number {
  const rounds = Math.max(1, Math.ceil(least / units))
  const run = () => {
    for (let round = 0; round < rounds; round++) once()
  }
  run()
  const before = handedOut()
  run()
  return (handedOut() - before) / (rounds * units)
}

/** Node has it since 24; its types do not yet say so. */
function handedOut(): number {
  const { total_allocated_bytes: bytes } = getHeapStatistics() as { total_allocated_bytes?: number }
  if (bytes === undefined) throw new Error('this Node does not count what it allocates')
  return bytes
}
