import { availableParallelism } from 'node:os'
import { type Neighbour, startNeighbour } from '../../e2e/parts/process.ts'
import { type Measured, measured } from '../kit/process.ts'

/** Load and upstream on one core, the server under test on the other: it is what is measured. */
export const loadCore = 0
export const serverCore = availableParallelism() > 1 ? 1 : 0

export type Pinned = Neighbour & Measured

/** A server that may run on one core only, ready when `ready` says so. */
export async function startPinned(
  core: number,
  command: string,
  args: readonly string[],
  options: Parameters<typeof startNeighbour>[2],
): Promise<Pinned> {
  const neighbour = await startNeighbour('taskset', ['-c', String(core), command, ...args], options)
  return { ...neighbour, ...measured(neighbour.pid) }
}
