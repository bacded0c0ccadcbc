import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { Fault } from '../base/index.ts'

/**
 * Asks on the terminal and reads one line; what is typed after a hidden question is not shown. The
 * question goes to stderr, so that stdout stays data. Ctrl-C ends the program as it always does.
 */
export function ask(
  question: string,
  {
    hidden = false,
    input = process.stdin as NodeJS.ReadableStream,
    output = process.stderr as NodeJS.WritableStream,
  } = {},
): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  output.write(question)
  const lines = createInterface({ input, output: hidden ? silent : output, terminal: true })
  return new Promise((answered, stopped) => {
    lines.once('SIGINT', () => {
      output.write('\n')
      process.exit(130)
    })
    // Answered before it is closed: closing is how an end without an answer is told apart.
    lines.once('line', (line) => {
      answered(line)
      lines.close()
      if (hidden) output.write('\n')
    })
    lines.once('close', () =>
      stopped(
        new Fault('ERR_USAGE', {
          message: 'the question was not answered',
          next: 'answer it, or hand over what is asked by options and KFDOOR_… variables',
        }),
      ),
    )
  })
}
