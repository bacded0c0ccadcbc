import type { Io } from './io.ts'
import { main } from './main.ts'

/** What one run of the command line printed, and how it ended. */
export interface Ran {
  readonly out: string
  readonly err: string
  readonly code: number
}

/** Runs a command in this process: streams are strings, and the environment is only what is given. */
export async function type(
  argv: readonly string[],
  given: Partial<Pick<Io, 'env' | 'tty'>> & { readonly stdin?: string } = {},
): Promise<Ran> {
  let [out, err, code] = ['', '', 0]
  const line = (text: string) => (text.endsWith('\n') ? text : `${text}\n`)
  await main(argv, {
    out: (text) => {
      out += line(text)
    },
    err: (text) => {
      err += line(text)
    },
    env: given.env ?? {},
    tty: given.tty ?? { in: false, out: false, err: false },
    readStdin: async () => given.stdin ?? '',
    exit: (given) => {
      code = given
    },
  })
  return { out, err, code }
}
