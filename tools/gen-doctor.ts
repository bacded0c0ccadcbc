/** `node tools/gen-doctor.ts` writes docs/doctor.md: which reported problem is recognised where. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sights } from '../e2e/doctor-sights.ts'
import { link } from '../src/cli/commands/render-why.ts'
import { walkCodes } from '../src/doctor/index.ts'
import { examples } from '../src/doctor/signals/examples.ts'
import { type Trouble, troubles } from './doctor-coverage.ts'

export const file = new URL('../docs/doctor.md', import.meta.url)

/** Codes of the walk. */
export function seenBy({ row, seen }: Trouble): readonly string[] {
  const codes = sights.filter(({ rows }) => rows.includes(row)).map(({ code }) => code)
  return [...new Set([...codes, ...(seen === undefined ? [] : [seen[0]])])]
}

/** Codes of the texts `kfdoor why` knows. */
export function toldBy({ row }: Trouble): readonly string[] {
  const [which, number] = row.split(' ')
  const of = examples.filter(({ door, client }) =>
    (which === 'door' ? door : client)?.includes(Number(number)),
  )
  return [...new Set(of.map(({ code }) => code))]
}

export function renderDoctor(): string {
  const table = (which: 'door' | 'client') => [
    '| # | problem | `doctor` sees | `why` knows | `lint` finds |',
    '| --- | --- | --- | --- | --- |',
    ...troubles
      .filter(({ row }) => row.startsWith(which))
      .map((trouble) => {
        const { row, problem, thread, lint = [], unseen } = trouble
        const where = thread.includes('#') ? `[${problem}](${link(thread)})` : problem
        const seen = seenBy(trouble).join(', ') || `no: ${unseen}`
        return `| ${row.split(' ')[1]} | ${where} | ${seen} | ${toldBy(trouble).join(', ')} | ${lint.join(', ')} |`
      }),
  ]
  return [
    '# What `kfdoor doctor` sees',
    '',
    'The walk to a live door sends a handful of GET requests and looks at the answers; `kfdoor why` knows a pasted text; `kfdoor lint` reads the YAML. This page says which of the problems people report is recognised by which of them, and why a walk from outside cannot see the rest. It is made by `node tools/gen-doctor.ts`; each code in the third column has a test that meets the problem (`npm test -- e2e/doctor-problems.test.ts e2e/doctor.test.ts`).',
    '',
    'With the door’s YAML (`-f`, `--snapshot`) or its cluster (`--context`) the doctor joins both views: `KFD0326` names the line that refused the very request it sent, `KFD0327` says that door and YAML disagree.',
    '',
    '## What operators report',
    '',
    ...table('door'),
    '',
    '## What clients suffer',
    '',
    ...table('client'),
    '',
    '## Codes of the walk',
    '',
    '`kfdoor explain-code` tells each. `KFD2` codes are those of [problems.md](problems.md), `KFD02` those of [findings.md](findings.md).',
    '',
    '| code | severity | what |',
    '| --- | --- | --- |',
    ...Object.entries(walkCodes).map(([code, { title, severity }]) => `| ${code} | ${severity} | ${title} |`),
    '',
  ].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, renderDoctor())
