import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { type Io, wantsColour } from './io.ts'

/** What every command has in common: its streams, its errors, and help that shows examples. */
export function configure(command: CommandUnknownOpts, io: Io): void {
  command.exitOverride()
  command.showSuggestionAfterError()
  command.configureOutput({
    writeOut: (text) => io.out(text),
    writeErr: (text) => io.err(text),
    getOutHasColors: () => wantsColour(io, 'out'),
    getErrHasColors: () => wantsColour(io, 'err'),
    outputError: (text, write) =>
      write(`kfdoor: KFD0100: ${text.replace(/^error: /, '')}see \`kfdoor ${pathOf(command)} --help\`\n`),
  })
  for (const child of command.commands) configure(child, io)
}

function pathOf(command: CommandUnknownOpts): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** Commander ends help and usage errors by throwing; everything was printed already. */
export function isCommanderExit(error: unknown): error is CommanderError {
  return error instanceof CommanderError
}
