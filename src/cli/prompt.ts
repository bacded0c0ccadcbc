import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/**
 * Asks on the terminal and reads one line; what is typed after a hidden question is not shown. The
 * question goes to stderr, so that stdout stays data.
 */
export function ask(question: string, { hidden = false } = {}): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  process.stderr.write(question)
  const lines = createInterface({
    input: process.stdin,
    output: hidden ? silent : process.stderr,
    terminal: hidden ? true : process.stdin.isTTY,
  })
  return new Promise((answered, stopped) => {
    lines.on('SIGINT', () => {
      lines.close()
      process.stderr.write('\n')
      process.exitCode = 130
      process.exit()
    })
    lines.once('line', (line) => {
      lines.close()
      if (hidden) process.stderr.write('\n')
      answered(line)
    })
    lines.once('close', () => stopped(new Error('the terminal was closed')))
  })
}
