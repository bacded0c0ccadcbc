import { type Entry, registry } from './registry.ts'

const groups: readonly Entry['group'][] = [
  'use a door',
  'look into a door',
  'run and change a door',
  'kfdoor itself',
]

/** The page of `kfdoor --help`, made without loading any command. */
export function renderHelp(): string {
  const width = Math.max(...registry.map((entry) => entry.usage.length))
  const lines = [
    'kfdoor: the front door of Kubeflow and KServe. Run one here, open any, look into them.',
    '',
    'Usage: kfdoor COMMAND [OPTIONS]',
  ]
  for (const group of groups) {
    lines.push('', `${group}:`)
    for (const entry of registry.filter((each) => each.group === group)) {
      lines.push(`  ${entry.usage.padEnd(width)}  ${entry.summary}`)
    }
  }
  lines.push(
    '',
    'Examples:',
    '  kfdoor up                                      # a Kubeflow 26.03 door on this machine',
    "  kfdoor why 'RBAC: access denied'               # cause and fix of an error text",
    '  kfdoor explain GET https://localhost/pipeline/ -f profile:26.03 --as anonymous',
    '',
    'Exit codes: 0 yes or done, 1 no or findings, 2 usage or bad input, 3 cannot reach,',
    '4 credentials missing, wrong or expired, 5 the door refused, 6 undecided, 130 interrupted.',
    'More: kfdoor COMMAND --help',
  )
  return lines.join('\n')
}

/** The names nearest to a mistyped one, best first; at most three. */
export function suggest(typed: string): readonly string[] {
  return registry
    .map((entry) => ({ name: entry.name, distance: distance(typed, entry.name) }))
    .filter(({ name, distance }) => distance <= Math.max(2, name.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name)
}

/** Levenshtein's distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change))
    }
    row = next
  }
  return row[b.length] ?? 0
}
