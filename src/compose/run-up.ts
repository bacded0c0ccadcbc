import type { Io } from '../cli/io.ts'
import { renderStart } from './start-text.ts'
import type { UpOptions } from './up-options.ts'

/** `kfdoor up` from start to Ctrl-C. */
export async function runUp(options: UpOptions, io: Io): Promise<void> {
  const { up } = await import('./up.ts')
  const running = await up(options, {
    env: io.env,
    readStdin: io.readStdin,
    say: (line) => io.err(line),
  })
  if (options.output === 'json') io.out(JSON.stringify(running.ready))
  else io.out(renderStart(running))
  await new Promise<void>((stopped) => {
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
      io.err('kfdoor: closing; open requests have 10 s')
      running.close().then(stopped, (error: unknown) => {
        io.err(`kfdoor: ${error instanceof Error ? error.message : String(error)}`)
        stopped()
      })
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
  io.exit(0)
}
