import { Command } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { type DoorOptions, reachOf, withDoorOptions } from '../door-options.ts'
import type { Io } from '../io.ts'

/** `kfdoor curl /pipeline/apis/v2beta1/healthz` */
export const curlCommand = (io: Io) =>
  withDoorOptions(new Command('curl'))
    .summary('one request to a door, with curl and your credential')
    .usage('[options] [curl options] PATH|URL')
    .description(
      'Runs curl with the credential of a door added on the way, so that it stands in no process list and no history. A path is one of the door. Options of kfdoor come first; from the first of curl’s on, all are curl’s.',
    )
    .argument('[words...]', 'as curl takes them')
    .helpOption('--help', 'display help for command')
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Examples:
  kfdoor curl /pipeline/apis/v2beta1/healthz
  kfdoor curl --door work -sS -X POST -d @input.json /serving/team-a/iris/v1/models/iris:predict`,
    )
    .action(async (words, options: DoorOptions) => {
      if (words.length === 0) {
        throw new Fault('ERR_USAGE', {
          message: 'there is nothing to ask for',
          next: 'for example `kfdoor curl /pipeline/apis/v2beta1/healthz`',
        })
      }
      const { execAtDoor } = await import('../../compose/doors/exec.ts')
      const { code } = await execAtDoor(io.env, {
        ...reachOf(io, options),
        command: 'curl',
        words: ({ KFDOOR_URL }) => atDoor(words, KFDOOR_URL ?? ''),
      })
      io.exit(code)
    })

/** curl's options that take no value, as far as they are typed before a path. */
const bare =
  /^(-[aBfgGiIjklLMnNOpqRsSvZ46#0123]+|--(silent|show-error|include|head|verbose|insecure|location|fail|compressed|get|globoff|no-buffer|http[0-9.]+|ipv[46]|fail-with-body))$/

/** A word that begins with a slash is a path of the door, unless an option before it takes it for a file. */
export function atDoor(words: readonly string[], door: string): readonly string[] {
  return words.map((word, index) => {
    const before = words[index - 1]
    const free = before === undefined || !before.startsWith('-') || bare.test(before)
    const url = before === '--url'
    return word.startsWith('/') && (free || url) ? `${door}${word}` : word
  })
}
