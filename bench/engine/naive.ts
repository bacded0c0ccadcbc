import type { BenchInput, BenchRule } from './rules.ts'

/** The loop anybody would write first: rule after rule, field after field, DENY before ALLOW. */
export function naiveEngine(rules: readonly BenchRule[]): (input: BenchInput) => boolean {
  const denies = rules.filter((rule) => rule.action === 'DENY')
  const allows = rules.filter((rule) => rule.action === 'ALLOW')
  return (input) =>
    !denies.some((rule) => matches(rule, input)) && allows.some((rule) => matches(rule, input))
}

function matches(rule: BenchRule, input: BenchInput): boolean {
  return (
    matchesPath(rule.path, input.path) &&
    (rule.methods.length === 0 || rule.methods.includes(input.method)) &&
    (rule.principal === undefined || rule.principal === input.principal) &&
    (rule.group === undefined || input.groups.includes(rule.group))
  )
}

function matchesPath({ kind, text }: BenchRule['path'], path: string): boolean {
  switch (kind) {
    case 'exact':
      return path === text
    case 'prefix':
      return path.startsWith(text)
    case 'suffix':
      return path.endsWith(text)
  }
}
