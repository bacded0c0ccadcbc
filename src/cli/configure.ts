import { type Command, CommanderError } from '@commander-js/extra-typings'
import { type Io, wantsColour } from './io.ts'

/** What every command has in common: its streams, its errors, and help that shows examples. */
// biome-ignore lint/suspicious/noExplicitAny: every command has its own option types
export function configure(command: Command<any, any, any>, io: Io): void {
  const each = (one: Command<unknown[], object, object>) => {
    one.exitOverride()
    one.showSuggestionAfterError()
    one.configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      getOutHasColors: () => wantsColour(io, 'out'),
      getErrHasColors: () => wantsColour(io, 'err'),
      outputError: (text, write) =>
        write(`kfdoor: KFD0100: ${text.replace(/^error: /, '')}see \`kfdoor ${pathOf(one)} --help\`\n`),
    })
    for (const child of one.commands) each(child as Command<unknown[], object, object>)
  }
  each(command as Command<unknown[], object, object>)
}

function pathOf(command: Command<unknown[], object, object>): string {
  const parent = command.parent as Command<unknown[], object, object> | null
  return parent ? `${pathOf(parent)} ${command.name()}` : command.name()
}

/** Commander ends help and usage errors by throwing; everything was printed already. */
export function isCommanderExit(error: unknown): error is CommanderError {
  return error instanceof CommanderError
}
