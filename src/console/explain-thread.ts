import { Worker } from 'node:worker_threads'
import type { MeshInput } from '../mesh/index.ts'
import type { Ask } from './engine/ask.ts'

export type ThreadTask = { readonly id: number } & (
  | { readonly do: 'open'; readonly inputs: readonly MeshInput[]; readonly istioVersion?: string }
  | {
      readonly do: 'explain' | 'svg'
      /** Instead of the mesh that is open. */
      readonly yaml?: string
      readonly istioVersion?: string
      readonly asked: Ask
      readonly now: number
      readonly dark?: boolean
    }
)

export type ThreadAnswer =
  | { readonly text: string }
  | { readonly fault: { readonly fault: string; readonly number: string } }
  | { readonly failed: string }
  /** It took too long or too much. */
  | { readonly stopped: true }

/** ms: a page of YAML is answered in a few dozen. */
const longest = 1000
/** MiB */
const mostMemory = 128
const mostWaiting = 16

type Opening = Omit<Extract<ThreadTask, { readonly do: 'open' }>, 'id' | 'do'>
type Task = Omit<Extract<ThreadTask, { readonly do: 'explain' | 'svg' }>, 'id'>

/** A thread with the engine in it, and the mesh open. */
interface Thread {
  readonly worker: Worker
  readonly ready: Promise<void>
  take: ((answer: ThreadAnswer) => void) | undefined
  dead: boolean
}

/**
 * One question at a time, the others in line. A second thread stands ready, so that whoever comes after
 * one that was ended does not wait for the engine to load.
 */
export class ExplainThread {
  readonly #opening: Opening
  #threads: Thread[] = []
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #id = 0

  constructor(opening: Opening) {
    this.#opening = opening
  }

  /** Loads the engine before somebody waits for it. */
  warm(): void {
    const first = this.#thread()
    first.ready.then(() => this.#thread(1)).catch(() => {})
  }

  ask(task: Task): Promise<ThreadAnswer> {
    if (this.#waiting >= mostWaiting) return Promise.resolve({ stopped: true })
    this.#waiting++
    const answered = this.#last.then(() => this.#run(task)).finally(() => this.#waiting--)
    this.#last = answered.catch(() => {})
    return answered
  }

  async close(): Promise<void> {
    const threads = this.#threads
    this.#threads = []
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
  }

  #thread(at = 0): Thread {
    this.#threads = this.#threads.filter(({ dead }) => !dead)
    this.#threads[at] ??= startThread(this.#opening)
    return this.#threads[at] as Thread
  }

  async #run(task: Task): Promise<ThreadAnswer> {
    const thread = this.#thread()
    try {
      await thread.ready
    } catch {
      // A mesh too large for the thread; the page itself still answers.
      return { stopped: true }
    }
    return new Promise((resolve) => {
      const id = ++this.#id
      // Whoever waits is answered at once; the other thread takes the next question.
      const timer = setTimeout(() => {
        thread.take?.({ stopped: true })
        thread.dead = true
        void thread.worker.terminate()
        this.warm()
      }, longest)
      thread.take = (answer) => {
        clearTimeout(timer)
        thread.take = undefined
        resolve(answer)
      }
      thread.worker.postMessage({ id, ...task })
    })
  }
}

function startThread(opening: Opening): Thread {
  const file = import.meta.url.endsWith('.ts') ? './explain-worker.ts' : './explain-worker.js'
  const worker = new Worker(new URL(file, import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: mostMemory, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
    // Nothing of what the person has in the environment is needed there.
    env: {},
  })
  worker.unref()
  let opened = () => {}
  let failed = (_: Error) => {}
  const ready = new Promise<void>((done, not) => {
    opened = done
    failed = not
  })
  ready.catch(() => {})
  const thread: Thread = { worker, ready, take: undefined, dead: false }
  const gone = () => {
    thread.dead = true
    thread.take?.({ stopped: true })
    failed(new Error('the engine ended'))
  }
  worker.on('error', gone)
  worker.on('exit', gone)
  worker.on('message', ({ id, ...answer }: { readonly id: number } & ThreadAnswer) => {
    if (id === 0) opened()
    else thread.take?.(answer)
  })
  worker.postMessage({ id: 0, do: 'open', ...opening })
  return thread
}
