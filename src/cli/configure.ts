import { CommanderError, type CommandUnknownOpts, Help } from '@commander-js/extra-typings'
import { type Io, wantsColour } from './io.ts'
import { sayable } from './printable.ts'

/** What every command has in common: its streams, its errors, and help that shows examples. */
export function configure(command: CommandUnknownOpts, io: Io): void {
  command.exitOverride()
  command.showSuggestionAfterError()
  command.configureHelp({ commandUsage: (each) => `kfdoor ${new Help().commandUsage(each)}` })
  command.configureOutput({
    writeOut: (text) => io.out(text),
    writeErr: (text) => io.err(text),
    getOutHasColors: () => wantsColour(io, 'out'),
    getErrHasColors: () => wantsColour(io, 'err'),
    outputError: (text, write) =>
      write(
        `kfdoor: KFD0100: ${sayable(text.replace(/^error: /, ''))}${childrenOf(command)}see \`kfdoor ${pathOf(command)} --help\`\n`,
      ),
  })
  refuseFlagsAsValues(command)
  for (const child of command.commands) configure(child, io)
}

/** `--ca --host NAME`: whoever left a value out does not mean the next option by it. */
function refuseFlagsAsValues(command: CommandUnknownOpts): void {
  for (const option of command.options.filter(({ required }) => required)) {
    command.on(`option:${option.name()}`, (value: unknown) => {
      if (command.options.some(({ long, short }) => value === long || value === short))
        command.error(`error: option '${option.flags}' argument missing before '${value}'`)
    })
  }
}

/** `kfdoor migrate -f DIR` has not said which migration: a command that is only a name for several says them. */
function childrenOf(command: CommandUnknownOpts): string {
  const help = command.createHelp()
  const own = command.options.length + command.registeredArguments.length
  const children = help.visibleCommands(command).filter((each) => command.commands.includes(each))
  if (own > 0 || children.length === 0) return ''
  const typed = children.map((each) => help.subcommandTerm(each).replace(' [options]', ''))
  return ['say which first:', ...typed.map((each) => `  kfdoor ${pathOf(command)} ${each}`), ''].join('\n')
}

function pathOf(command: CommandUnknownOpts): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** Commander ends help and usage errors by throwing; everything was printed already. */
export function isCommanderExit(error: unknown): error is CommanderError {
  return error instanceof CommanderError
}
