/**
 * One random number has digits enough for several draws that know nothing of each other: whom a fault
 * spares must still be spread over all destinations.
 */
export function drawn(random: number, draw: 0 | 1 | 2): number {
  return (random * 2 ** (16 * draw)) % 1
}
