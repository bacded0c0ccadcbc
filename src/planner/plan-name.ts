import type { Change, PlanSource } from './plan.ts'
import { keyOf } from './raw-door.ts'

/** `expose-iris-3f9a2c`: the same changes have the same name, whenever they are planned; each cluster has its own. */
export function planName(
  intent: string,
  subject: string,
  changes: readonly Change[],
  source: PlanSource,
): string {
  const content = changes
    .map((change) =>
      JSON.stringify([
        change.op,
        keyOf(change.object),
        change.op === 'delete' ? change.before : change.after,
      ]),
    )
    .sort()
    .join('\n')
  const words = `${intent}-${subject}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  const where = source.kind === 'cluster' ? source.server : ''
  return `${words.slice(0, 50)}-${hash(content + where)}`
}

/** FNV-1a of 64 bits (RFC 9923), its first 24; a name, not a proof. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n
  for (let index = 0; index < text.length; index++) {
    value ^= BigInt(text.charCodeAt(index))
    value = (value * 0x100000001b3n) & 0xffffffffffffffffn
  }
  return value.toString(16).padStart(16, '0').slice(0, 6)
}
