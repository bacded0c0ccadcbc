/**
 * `npm run bench` measures everything, `npm run bench:PART` one part. `-- --json` prints one JSON object
 * instead of tables, `--write` (always on for the whole) puts the tables into `bench/RESULTS.md`.
 * Nothing here runs in CI: a figure from a busy machine says nothing.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeMachine } from './kit/machine.ts'
import type { Result } from './kit/result.ts'
import { renderTable } from './kit/table.ts'
import { type Part, parts, type Report } from './part.ts'

const file = new URL('RESULTS.md', import.meta.url)
const head = `# What was measured

One section per part of \`npm run bench\`, as it last ran with \`--write\`. Figures hold for the machine named; ratios travel further.
`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, write: { type: 'boolean' } },
  })
  const unknown = positionals.filter((name) => !parts.some((part) => part.name === name))
  if (unknown.length > 0) {
    process.stderr.write(
      `there is no part ${unknown.map((name) => `\`${name}\``).join(', ')}; there are ${parts.map(({ name }) => name).join(', ')}\n`,
    )
    process.exitCode = 2
    return
  }
  const chosen = parts.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  const all: Result[] = []
  for (const part of chosen) {
    process.stderr.write(`bench:${part.name}: ${part.summary}\n`)
    try {
      const machine = describeMachine()
      const run = await part.load()
      const report = await run('full', (text) => process.stderr.write(`  ${text}\n`))
      all.push(...report.results)
      const section = renderSection(part, machine, report)
      if (!values.json) process.stdout.write(`${section}\n`)
      if (values.write || positionals.length === 0) keep(part.name, section)
    } catch (error) {
      // A wrong answer, or a peer that cannot be had, is no figure; the other parts have theirs.
      process.stderr.write(`bench:${part.name} failed: ${error instanceof Error ? error.message : error}\n`)
      process.exitCode = 1
    }
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ results: all })}\n`)
}

function renderSection(part: Part, machine: string, report: Report): string {
  const date = new Date().toISOString().slice(0, 10)
  const method = report.method.map((sentence) => `- ${sentence}`).join('\n')
  return `## ${part.name}: ${part.summary}\n\n${date}, ${machine}.\n\n${method}\n\n${renderTable(report.results)}\n`
}

/** Puts a section in its place; the others stay as they were measured. */
function keep(name: string, section: string): void {
  const before = readFileSync(file, { encoding: 'utf8', flag: 'a+' })
  const sections = new Map(
    before
      .split(/^(?=## )/m)
      .filter((text) => text.startsWith('## '))
      .map((text) => [/^## ([\w-]+)/.exec(text)?.[1] ?? '', text.trimEnd()]),
  )
  sections.set(name, section.trimEnd())
  const order = parts.flatMap((part) => sections.get(part.name) ?? [])
  writeFileSync(file, `${[head.trimEnd(), ...order].join('\n\n')}\n`)
}

await main()
