import { stages } from './stages.ts'
import type { Walk } from './step.ts'

export type Seen =
  | { readonly kind: 'stage'; readonly number: number; readonly title: string }
  | { readonly kind: 'step'; readonly says: string; readonly types: string; readonly answer: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'done'; readonly steps: number }

/** Every step in order, as it is seen. Stops at the first that does not hold; no door is left running. */
export async function* walkAll(options: {
  readonly folder: string
  readonly kfp: string | undefined
  readonly only?: readonly number[]
}): AsyncGenerator<Seen> {
  let steps = 0
  for (const stage of stages) {
    if (options.only && options.only.length > 0 && !options.only.includes(stage.number)) continue
    yield { kind: 'stage', number: stage.number, title: stage.title }
    const walk: Walk = { folder: options.folder, keep: new Map(), door: undefined, kfp: options.kfp }
    try {
      walk.door = await stage.door(walk)
      for (const step of stage.steps) {
        const answer = await step.does(walk)
        steps++
        yield { kind: 'step', says: step.says, types: step.types, answer }
      }
    } catch (error) {
      yield { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
      return
    } finally {
      await walk.door?.stop()
    }
  }
  yield { kind: 'done', steps }
}
