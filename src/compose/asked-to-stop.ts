/** Settles with `close` once a signal asked for it. */
export function askedToStop(close: () => Promise<void>): Promise<void> {
  return new Promise((stopped) => {
    let asked: number | undefined
    const stop = () => {
      const now = performance.now()
      if (asked !== undefined) {
        // One Ctrl-C arrives several times: from the terminal, from npm, from the Node that started this one.
        if (now - asked < 1000) return
        // Asked twice: whoever waits has waited long enough.
        process.exit(130)
      }
      asked = now
      stopped(close())
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
