import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of recordings that may lie beside a checkout; a clone alone has none. */
const root = new URL('../../shared/', import.meta.url)

/** A path below the shared recordings, or undefined where they are not there. */
export function sharedPath(relative: string): string | undefined {
  const path = fileURLToPath(new URL(relative, root))
  return existsSync(path) ? path : undefined
}
