import { Command } from '@commander-js/extra-typings'
import { Fault, type FaultCode, meanings, numbers } from '../../base/index.ts'
import type { Io } from '../io.ts'

/** `kfdoor explain-code KFD0110` */
export const explainCodeCommand = (io: Io) =>
  new Command('explain-code')
    .summary('what a code means and what to do about it')
    .argument('<code>', 'for example KFD0110, or its name, ERR_PORT_BUSY')
    .option('-o, --output <format>', 'text, json', 'text')
    .addHelpText('after', '\nExample:\n  kfdoor explain-code KFD0110')
    .action(async (code, options) => {
      const found = (Object.entries(numbers) as [FaultCode, string][]).find(
        ([name, number]) => number === code.toUpperCase() || name === code.toUpperCase(),
      )
      if (found) {
        const [name, number] = found
        const { meaning, remedy } = meanings[name] ?? {
          meaning: `A failure named ${name}.`,
          remedy: 'follow the sentence it came with',
        }
        io.out(
          options.output === 'json'
            ? JSON.stringify({ code: number, name, meaning, remedy })
            : `${number} (${name})\n\n${meaning}\n\nWhat to do: ${remedy}`,
        )
        return
      }
      throw new Fault('ERR_USAGE', {
        message: `there is no code \`${code}\``,
        next: 'codes look like KFD0110',
      })
    })
