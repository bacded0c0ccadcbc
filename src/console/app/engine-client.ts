import type { Message, Messages, Reply } from '../engine/messages.ts'

interface Waiting {
  readonly done: (value: never) => void
  readonly failed: (error: Error) => void
  readonly looked: ((count: number) => void) | undefined
}

/** One worker with an engine in it. */
export class EngineClient {
  #worker = this.#start()
  readonly #waiting = new Map<number, Waiting>()
  #id = 0

  #start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
      const waiting = this.#waiting.get(data.id)
      if ('looked' in data) {
        waiting?.looked?.(data.looked)
        return
      }
      this.#waiting.delete(data.id)
      if ('failed' in data) waiting?.failed(new Error(data.failed))
      else waiting?.done(data.value as never)
    })
    worker.addEventListener('error', (event) => {
      for (const { failed } of this.#waiting.values()) failed(new Error(event.message || 'the engine ended'))
      this.#waiting.clear()
    })
    return worker
  }

  call<K extends keyof Messages>(
    name: K,
    ...given: Parameters<Messages[K]>
  ): Promise<ReturnType<Messages[K]>> {
    return this.follow(undefined, name, ...given)
  }

  /** The same, and `looked` is told how far it is. */
  follow<K extends keyof Messages>(
    looked: ((count: number) => void) | undefined,
    name: K,
    ...given: Parameters<Messages[K]>
  ): Promise<ReturnType<Messages[K]>> {
    const id = ++this.#id
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done: done as (value: never) => void, failed, looked })
      this.#worker.postMessage({ id, do: name, with: given } as unknown as Message)
    })
  }

  get busy(): boolean {
    return this.#waiting.size > 0
  }

  /** Ends what it is doing: nobody wants the answer any more. Its meshes are gone too. */
  restart(): void {
    this.#worker.terminate()
    for (const { failed } of this.#waiting.values()) failed(new Stopped())
    this.#waiting.clear()
    this.#worker = this.#start()
  }
}

export class Stopped extends Error {
  override readonly name = 'Stopped'
}
