/** `node tools/gen-findings.ts` writes docs/findings.md from the rules, their examples and the table of reported problems. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { link } from '../src/cli/commands/render-why.ts'
import { problems } from '../src/doctor/index.ts'
import { examples } from '../src/lint/examples.ts'
import { allRules } from '../src/lint/index.ts'
import { coverage, type Row } from './findings-coverage.ts'
import { pictured, sources } from './findings-sources.ts'
import { wishes } from './findings-wishes.ts'

export const file = new URL('../docs/findings.md', import.meta.url)

/** What `kfdoor why` knows of a thread. */
export function whyCodes({ threads }: Row): readonly string[] {
  return problems
    .filter(({ readOn }) => readOn.some((each) => threads.includes(each)))
    .map(({ code }) => code)
}

/** Where people reported it, else what the rule rests on. */
function sourceOf(code: string): string {
  const threads = [
    ...new Set(coverage.filter(({ lint }) => lint?.includes(code)).flatMap(({ threads: of }) => of)),
  ]
  if (threads.length === 0) return sources[code] ?? ''
  return `${linked({ threads })}.`
}

function linked({ threads }: { readonly threads: readonly string[] }): string {
  return threads.map((each) => (each.includes('#') ? `[${each}](${link(each)})` : each)).join(', ')
}

export function renderFindings(): string {
  return [
    '# Findings of `kfdoor lint`',
    '',
    `The ${allRules.length} codes that \`kfdoor lint -f PATH\` reports, each with the smallest YAML it speaks of. Codes are forever. This page is made by \`node tools/gen-findings.ts\`; \`npm test -- src/lint/rules.test.ts\` runs every example both ways.`,
    '',
    'A finding that is meant stays quiet with a comment, on its line or up to three lines above it: `# kfdoor:ignore KFD0203 this model is public, see the ticket`. The reason is not optional.',
    '',
    ...allRules.flatMap(({ code, severity, title, why, remedy }) => {
      const example = examples.find((each) => each.code === code) ?? pictured[code]
      return [
        // The title may change; the place may not.
        `<a id="${code.toLowerCase()}"></a>`,
        '',
        `## ${code}: ${title}`,
        '',
        `**${severity}.** ${why}`,
        '',
        `**What to do.** ${remedy}`,
        '',
        ...(example
          ? [
              'It reports:',
              '',
              '```yaml',
              example.bad,
              '```',
              '',
              'It is silent about:',
              '',
              '```yaml',
              example.good,
              '```',
              '',
            ]
          : []),
        `Source: ${sourceOf(code)}`,
        '',
      ]
    }),
    '# What people report, and what finds it',
    '',
    'A `KFD02` code is a rule above and stands in the YAML; `src/lint/rules.test.ts` and `src/lint/near-misses.test.ts` show that it is found. A `KFD2` code is a text that [`kfdoor why`](problems.md) knows, shown by `src/doctor/signals/recognise.test.ts`. What a walk from outside sees, and by which test: [doctor.md](doctor.md).',
    '',
    '| problem | where it was reported | found by |',
    '| --- | --- | --- |',
    ...coverage.map((row) => {
      const codes = [...(row.lint ?? []), ...whyCodes(row)].join(', ')
      return `| ${row.problem} | ${linked(row)} | ${[codes, row.note].filter(Boolean).join('; ')} |`
    }),
    '',
    '# What people ask for, and what answers it',
    '',
    'Wishes from the same lists. Nothing is wrong there that YAML or a door could show, so no code finds them.',
    '',
    '| wish | where it was asked | answered by |',
    '| --- | --- | --- |',
    ...wishes.map((row) => `| ${row.wish} | ${linked(row)} | ${row.answer} |`),
    '',
  ].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, renderFindings())
