import type { Io } from '../cli/io.ts'
import { askedToStop } from './asked-to-stop.ts'
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
  const page =
    options.console === true
      ? await (await import('../console/index.ts')).consoleBeside(io, options).catch(async (error) => {
          await running.close()
          throw error
        })
      : undefined
  // Heard before anything is printed: whoever reads the ready line may stop the door at once.
  const stopped = askedToStop(async () => {
    io.err('kfdoor: closing; open requests have 10 s')
    await page?.close()
    await running.close()
  })
  if (options.output === 'json') io.out(JSON.stringify(running.ready))
  // Under npm and npx the program is not on the person's own PATH.
  else io.out(renderStart(running, io.env.npm_command ? 'npx kfdoor' : 'kfdoor'))
  if (page) io.err(`kfdoor: the console is at ${page.url}, which works once`)
  try {
    await stopped
  } catch (error) {
    io.err(`kfdoor: ${error instanceof Error ? error.message : String(error)}`)
  }
  io.exit(0)
}
