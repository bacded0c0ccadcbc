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

type Pending = (answer: ThreadAnswer) => void

/** ms: a page of YAML is answered in a few dozen. */
const longest = 1000
/** MiB */
const mostMemory = 192
const mostWaiting = 16

/** One thread, one question at a time, the others in line. */
export class ExplainThread {
  readonly #open: Omit<Extract<ThreadTask, { readonly do: 'open' }>, 'id' | 'do'>
  #worker: Worker | undefined
  #ready: Promise<void> | undefined
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #id = 0
  #pending: Pending | undefined
  #closed = false

  constructor(open: Omit<Extract<ThreadTask, { readonly do: 'open' }>, 'id' | 'do'>) {
    this.#open = open
  }

  /** Loads the engine before somebody waits for it. */
  warm(): void {
    this.#start().catch(() => {})
  }

  ask(task: Omit<Extract<ThreadTask, { readonly do: 'explain' | 'svg' }>, 'id'>): Promise<ThreadAnswer> {
    if (this.#waiting >= mostWaiting) return Promise.resolve({ stopped: true })
    this.#waiting++
    const answered = this.#last.then(() => this.#run(task)).finally(() => this.#waiting--)
    this.#last = answered.catch(() => {})
    return answered
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
  }

  #start(): Promise<void> {
    this.#ready ??= new Promise((ready, failed) => {
      const file = import.meta.url.endsWith('.ts') ? './explain-worker.ts' : './explain-worker.js'
      const worker = new Worker(new URL(file, import.meta.url), {
        resourceLimits: { maxOldGenerationSizeMb: mostMemory, stackSizeMb: 4 },
        // Nothing of what the person has in the environment is needed there.
        env: {},
      })
      worker.unref()
      this.#worker = worker
      let up = false
      const gone = () => {
        failed(new Error('the engine ended'))
        if (this.#worker !== worker) return
        this.#worker = undefined
        this.#ready = undefined
        this.#pending?.({ stopped: true })
        // One that never came up would not the next time either.
        if (up && !this.#closed) this.warm()
      }
      worker.on('error', gone)
      worker.on('exit', gone)
      worker.on('message', ({ id, ...answer }: { readonly id: number } & ThreadAnswer) => {
        if (id === 0) {
          up = true
          return ready()
        }
        if (id === this.#id) this.#pending?.(answer)
      })
      worker.postMessage({ id: 0, do: 'open', ...this.#open })
    })
    return this.#ready
  }

  async #run(
    task: Omit<Extract<ThreadTask, { readonly do: 'explain' | 'svg' }>, 'id'>,
  ): Promise<ThreadAnswer> {
    await this.#start()
    return new Promise((resolve) => {
      const id = ++this.#id
      // Whoever waits is answered at once; another thread is there by the next question.
      const timer = setTimeout(() => {
        this.#pending?.({ stopped: true })
        const worker = this.#worker
        this.#worker = undefined
        this.#ready = undefined
        void worker?.terminate()
        this.warm()
      }, longest)
      this.#pending = (answer) => {
        clearTimeout(timer)
        this.#pending = undefined
        resolve(answer)
      }
      this.#worker?.postMessage({ id, ...task })
    })
  }
}
