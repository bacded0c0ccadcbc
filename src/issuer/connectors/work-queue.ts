/** Lets so many run at once and so many wait; the rest is told to come again. */
export interface WorkQueue {
  /** `undefined` when the queue is full. */
  run<T>(work: () => Promise<T>): Promise<T> | undefined
}

export function createWorkQueue(limits: { readonly running: number; readonly waiting: number }): WorkQueue {
  let running = 0
  const waiting: (() => void)[] = []
  const leave = () => {
    const next = waiting.shift()
    // The place goes straight to the next in line, so nobody can slip in between.
    if (next) next()
    else running--
  }
  return {
    run(work) {
      if (running < limits.running) {
        running++
        return work().finally(leave)
      }
      if (waiting.length >= limits.waiting) return undefined
      return new Promise<void>((enter) => waiting.push(enter)).then(work).finally(leave)
    },
  }
}
