/** The engine in the page: the same code that runs in the terminal, in a worker. */
import { createEngine } from '../engine/engine.ts'
import type { Message, Reply } from '../engine/messages.ts'
import { wordsOf } from '../engine/words-of.ts'

const engine = createEngine()

addEventListener('message', async ({ data }: MessageEvent<Message>) => {
  const { id } = data
  const reply = (answer: Reply) => postMessage(answer)
  try {
    const run = engine[data.do] as (...given: readonly unknown[]) => unknown
    reply({ id, value: await run(...data.with) })
  } catch (error) {
    reply({ id, failed: wordsOf(error) })
  }
})
