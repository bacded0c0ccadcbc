import { Command, Option } from '@commander-js/extra-typings'
import { explainCode, Fault } from '../../base/index.ts'
import type { Io } from '../io.ts'

/** `kfdoor explain-code KFD0110` */
export const explainCodeCommand = (io: Io) =>
  new Command('explain-code')
    .summary('what a code means and what to do about it')
    .description(
      'Explains the codes kfdoor prints: KFD0110 of a failure, KFD0214 of `kfdoor lint`, KFD2201 of `kfdoor why`.',
    )
    .argument('<code>', 'for example KFD0110, or its name, ERR_PORT_BUSY')
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addHelpText('after', '\nExamples:\n  kfdoor explain-code KFD0110\n  kfdoor explain-code KFD2201 -o json')
    .action(async (typed, { output }) => {
      const found: Explained | undefined =
        explainCode(typed) ??
        (await explainFinding(typed)) ??
        (await explainWalk(typed)) ??
        (await explainProblem(typed))
      if (!found) {
        throw new Fault('ERR_USAGE', {
          message: `there is no code \`${typed}\``,
          next: 'codes look like KFD0110',
        })
      }
      if (output === 'json') {
        io.out(JSON.stringify(found))
        return
      }
      const { code, name, meaning, remedy, commands = [], readOn = [], example, page } = found
      const indented = (text: string) => text.trim().replace(/^/gm, '  ')
      io.out(
        [
          `${code} (${name})`,
          meaning,
          `What to do: ${remedy}`,
          ...(commands.length > 0 ? [commands.map((each) => `  ${each}`).join('\n')] : []),
          ...(example ? [`It shows as:\n\n${indented(example.reports)}`] : []),
          ...(example?.silent ? [`Put right:\n\n${indented(example.silent)}`] : []),
          ...(readOn.length > 0 ? [`Read on: ${readOn.join(', ')}`] : []),
          ...(page ? [`Page: ${page}`] : []),
        ].join('\n\n'),
      )
    })

interface Explained {
  readonly code: string
  readonly name: string
  readonly meaning: string
  readonly remedy: string
  readonly commands?: readonly string[]
  readonly readOn?: readonly string[]
  /** What shows it, and the same put right. */
  readonly example?: { readonly reports: string; readonly silent?: string }
  /** In the repository. */
  readonly page?: string
}

/** KFD03..: what `kfdoor doctor` reports by itself. */
async function explainWalk(typed: string): Promise<Explained | undefined> {
  const { walkCodes, walkMeanings } = await import('../../doctor/index.ts')
  const code = Object.keys(walkCodes).find((each) => each === typed.toUpperCase()) as
    | keyof typeof walkCodes
    | undefined
  if (code === undefined) return undefined
  const { cause, remedy } = walkMeanings[code]
  const page = `docs/doctor.md`
  return { code, name: walkCodes[code].title, meaning: cause, remedy, page }
}

/** KFD02..: what `kfdoor lint` reports. */
async function explainFinding(typed: string): Promise<Explained | undefined> {
  if (!/^KFD02\d\d$/i.test(typed)) return undefined
  const { allRules, examples } = await import('../../lint/index.ts')
  const rule = allRules.find(({ code }) => code === typed.toUpperCase())
  if (!rule) return undefined
  const { code, title, why, remedy } = rule
  const example = examples.find((each) => each.code === code)
  const page = `docs/findings.md#${code.toLowerCase()}`
  const shown = example && { reports: example.bad, silent: example.good }
  return { code, name: title, meaning: why, remedy, ...(shown && { example: shown }), page }
}

/** KFD2…: a problem `kfdoor why` recognises. Its table is large, so it is loaded when asked for. */
async function explainProblem(typed: string): Promise<Explained | undefined> {
  if (!/^KFD2\d{3}$/i.test(typed)) return undefined
  const { problems, shownBy } = await import('../../doctor/index.ts')
  const problem = problems.find(({ code }) => code === typed.toUpperCase())
  if (!problem) return undefined
  const { code, title, cause, fix, commands, readOn } = problem
  const text = shownBy(code)
  const example = text === undefined ? {} : { example: { reports: text } }
  return {
    code,
    name: title.en,
    meaning: cause.en,
    remedy: fix.en,
    commands,
    readOn,
    ...example,
    page: 'docs/problems.md',
  }
}
