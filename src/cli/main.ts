import { exitCode, type Io, processIo } from './io.ts'
import { findEntry } from './registry.ts'

/**
 * One run of the command line. Only the named command's code is loaded, so `--help` and small
 * commands start in the time Node takes to start.
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<void> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    if (name === 'help' && rest[0] !== undefined) return main([rest[0], '--help'], io)
    const { renderHelp } = await import('./help.ts')
    io.out(renderHelp())
    if (name === undefined) io.exit(exitCode.usage)
    return
  }
  if (name === '--version' || name === '-V') return main(['version'], io)
  // What scripts call before every request: no option parser, no client, where a file answers.
  if (name === 'token') {
    const { quickToken } = await import('./quick-token.ts')
    const credential = quickToken(io.env, rest, Date.now())
    if (credential !== undefined) return io.out(credential)
  }
  const entry = findEntry(name)
  if (!entry) {
    const { suggest } = await import('./help.ts')
    const near = suggest(name)
    io.err(`kfdoor: KFD0100: there is no command \`${name}\``)
    io.err(
      near.length > 0
        ? `did you mean ${near.map((n) => `\`kfdoor ${n}\``).join(' or ')}?`
        : 'see `kfdoor --help`',
    )
    io.exit(exitCode.usage)
    return
  }
  try {
    const build = await entry.load()
    const command = build(io)
    const { configure } = await import('./configure.ts')
    configure(command, io)
    await command.parseAsync(rest, { from: 'user' })
  } catch (error) {
    await report(error, io)
  }
}

/** A failure as a person sees it: its number, what happened, what to type next. Never a stack. */
async function report(error: unknown, io: Io): Promise<void> {
  const { isCommanderExit } = await import('./configure.ts')
  if (isCommanderExit(error)) {
    io.exit(error.exitCode === 0 ? exitCode.ok : exitCode.usage)
    return
  }
  const { isFault } = await import('../base/index.ts')
  if (isFault(error)) {
    const { exitFor } = await import('./exit-for.ts')
    const { sayable } = await import('./printable.ts')
    // Names in it may be somebody else's: of a request to be signed, of YAML, of a server.
    io.err(`kfdoor: ${error.number}: ${sayable(error.message)}`)
    io.exit(exitFor(error.code))
    return
  }
  const text = error instanceof Error ? error.message : String(error)
  io.err(`kfdoor: KFD0199: this should not happen: ${text}`)
  io.err('please report it with the command you typed; `KFDOOR_DEBUG=1` adds where it happened')
  if (io.env.KFDOOR_DEBUG && error instanceof Error && error.stack) io.err(error.stack)
  io.exit(exitCode.usage)
}
