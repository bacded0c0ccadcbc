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

/**
 * The process's own streams. Each is made when it is first used: making all three costs a small command
 * more than everything else it does.
 */
export function processIo(): Io {
  const stdout = writer(1, () => process.stdout)
  const stderr = writer(2, () => process.stderr)
  return {
    out: (text) => stdout(line(text)),
    err: (text) => stderr(line(text)),
    env: process.env,
    tty: {
      get in() {
        return process.stdin.isTTY === true
      },
      get out() {
        return process.stdout.isTTY === true
      },
      get err() {
        return process.stderr.isTTY === true
      },
    },
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

/**
 * Writes straight to the descriptor while that takes everything, and through the stream from the first
 * time it does not. A reader that went away (`kfdoor … | head`) is not an error of ours.
 */
function writer(descriptor: number, open: () => NodeJS.WriteStream): (text: string) => void {
  let stream: NodeJS.WriteStream | undefined
  const gone = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  }
  return (text) => {
    let rest = Buffer.from(text)
    if (!stream) {
      try {
        while (rest.length > 0)
          rest = rest.subarray(process.getBuiltinModule('node:fs').writeSync(descriptor, rest))
        return
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') gone(error as NodeJS.ErrnoException)
      }
      stream = open()
      stream.on('error', gone)
    }
    stream.write(rest)
  }
}

/** Whether to colour what goes to `stream`: only on a terminal, unless the environment says otherwise. */
export function wantsColour(io: Io, stream: 'out' | 'err'): boolean {
  if (io.env.NO_COLOR) return false
  if (io.env.FORCE_COLOR && io.env.FORCE_COLOR !== '0') return true
  return io.tty[stream] && io.env.TERM !== 'dumb'
}
