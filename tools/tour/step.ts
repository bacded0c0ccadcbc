import type { Door } from '../../e2e/door.ts'

/** One thing a reader of a field report did, done again here. */
export interface Step {
  /** What is about to be seen, in one sentence. */
  readonly says: string
  /** The command a person would type; `$URL`, `$CA` and so on are explained at the start. */
  readonly types: string
  /** Does it, and says what came back. Throws when it is not what the report promises. */
  readonly does: (walk: Walk) => Promise<string>
}

/** One field report: the door it needs, and the steps through it. */
export interface Stage {
  readonly number: 1 | 2 | 3 | 4 | 5
  readonly title: string
  readonly door: (walk: Walk) => Promise<Door | undefined>
  readonly steps: readonly Step[]
}

/** What the steps of one stage share. */
export interface Walk {
  /** A folder of this walk, gone at the end. */
  readonly folder: string
  readonly keep: Map<string, string>
  /** The door that runs in this stage. */
  door: Door | undefined
  /** The `python` of an environment with the real kfp SDK, if there is one. */
  readonly kfp: string | undefined
}

export function doorOf(walk: Walk): Door {
  if (!walk.door) throw new Error('no door runs in this stage')
  return walk.door
}

/** Throws unless the answer is what the report promises. */
export function expect(seen: unknown, wanted: unknown, what: string): void {
  if (seen !== wanted)
    throw new Error(`${what}: expected ${JSON.stringify(wanted)}, saw ${JSON.stringify(seen)}`)
}

/** `401 application/json {"error":…}`, cut to one readable line. */
export function brief(answer: {
  readonly status: number
  readonly headers: object
  readonly body: string
}): string {
  const headers = answer.headers as Record<string, unknown>
  const type = String(headers['content-type'] ?? '').split(';')[0]
  // Of a page, its words.
  const plain =
    type === 'text/html' ? answer.body.replace(/<(style|title)[\s\S]*?<\/\1>|<[^>]*>/g, ' ') : answer.body
  const text = plain.replace(/\s+/g, ' ').trim()
  const place = headers.location ? ` → ${String(headers.location).slice(0, 100)}` : ''
  return `${answer.status} ${type}${place} ${text.length > 140 ? `${text.slice(0, 140)}…` : text}`.trim()
}
