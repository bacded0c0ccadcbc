/** The engine in the page: the same code that runs in the terminal, in a worker. */
import { createEngine } from '../engine/engine.ts'
import type { Message, Reply } from '../engine/messages.ts'
import { wordsOf } from '../engine/words-of.ts'

/** ms between two words about how far it is. */
const beat = 200
let asked = 0
let told = 0

const engine = createEngine((looked) => {
  const now = performance.now()
  if (now - told < beat) return
  told = now
  postMessage({ id: asked, looked } satisfies Reply)
})

addEventListener('message', async ({ data }: MessageEvent<Message>) => {
  const { id } = data
  if (data.do === 'change') asked = id
  const reply = (answer: Reply) => postMessage(answer)
  try {
    const run = engine[data.do] as (...given: readonly unknown[]) => unknown
    reply({ id, value: await run(...data.with) })
  } catch (error) {
    reply({ id, failed: wordsOf(error) })
  }
})
