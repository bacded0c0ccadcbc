import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'

const pathOf = (name: string) => fileURLToPath(new URL(`./recorded/${name}.json.gz`, import.meta.url))

/** What a peer answered when it was last recorded. */
export function recorded<T>(name: string): T {
  return JSON.parse(gunzipSync(readFileSync(pathOf(name))).toString('utf8')) as T
}

/** Kept when `UPDATE_RECORDINGS=1`. */
export function record(name: string, value: unknown): void {
  if (process.env.UPDATE_RECORDINGS !== '1') return
  mkdirSync(dirname(pathOf(name)), { recursive: true })
  writeFileSync(pathOf(name), gzipSync(JSON.stringify(value), { level: 9 }))
}
