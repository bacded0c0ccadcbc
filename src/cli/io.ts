/** What a command may touch of the outside. Data goes to `out`, talk to `err`. */
export interface Io {
  /** One line, or many; a final newline is added where it is missing. */
  out(text: string): void
  err(text: string): void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether stdin, stdout, stderr are terminals. */
  readonly tty: { readonly in: boolean; readonly out: boolean; readonly err: boolean }
  /** Width of the terminal behind `out`; undefined where it is none. */
  readonly columns?: number
  /** All of stdin as UTF-8. */
  readStdin(): Promise<string>
  /** Sets the exit code; the process ends when its work is done. */
  exit(code: number): void
}

/** The codes every command uses; `product.md` in words, `kfdoor --help` for people. */
export const exitCode = {
  ok: 0,
  no: 1,
  usage: 2,
  unreachable: 3,
  credentials: 4,
  refused: 5,
  undecided: 6,
  interrupted: 130,
} as const

const line = (text: string) => (text.endsWith('\n') ? text : `${text}\n`)

/** The process's own streams. */
export function processIo(): Io {
  // A reader that went away (`kfdoor … | head`) is not an error of ours.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
  return {
    out: (text) => void process.stdout.write(line(text)),
    err: (text) => void process.stderr.write(line(text)),
    env: process.env,
    tty: {
      in: process.stdin.isTTY === true,
      out: process.stdout.isTTY === true,
      err: process.stderr.isTTY === true,
    },
    ...(process.stdout.columns !== undefined && { columns: process.stdout.columns }),
    readStdin: async () => {
      const parts: Buffer[] = []
      for await (const part of process.stdin) parts.push(part as Buffer)
      return Buffer.concat(parts).toString('utf8')
    },
    exit: (code) => {
      process.exitCode = code
    },
  }
}

/** Whether to colour what goes to `stream`: only on a terminal, unless the environment says otherwise. */
export function wantsColour(io: Io, stream: 'out' | 'err'): boolean {
  if (io.env.NO_COLOR) return false
  if (io.env.FORCE_COLOR && io.env.FORCE_COLOR !== '0') return true
  return io.tty[stream] && io.env.TERM !== 'dumb'
}
