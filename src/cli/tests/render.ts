import { asJUnit } from '../junit.ts'
import type { TestResult } from './run-tests.ts'

const passed = ({ failures }: TestResult) => failures.length === 0

export function asTable(results: readonly TestResult[], colour: boolean): string {
  const paint = (text: string, code: number) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  const lines = results.flatMap(({ test, failures }) => [
    failures.length === 0
      ? `${paint('ok', 32)}      ${oneLine(test.name)}`
      : `${paint('failed', 31)}  ${oneLine(test.name)} (${test.at})`,
    ...failures.map((failure) => `        ${oneLine(failure)}`),
  ])
  const failed = results.filter((result) => !passed(result)).length
  return [...lines, '', `${results.length - failed} passed, ${failed} failed`].join('\n')
}

export function asJson(results: readonly TestResult[]): string {
  return JSON.stringify({
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'TestResults',
    tests: results.map(({ test, failures, got }) => ({
      name: test.name,
      passed: failures.length === 0,
      at: test.at,
      ...(got && { got }),
      ...(failures.length > 0 && { failures }),
    })),
  })
}

/** TAP version 13. */
export function asTap(results: readonly TestResult[]): string {
  const lines = results.flatMap(({ test, failures }, index) => [
    // A `#` begins a directive.
    `${failures.length === 0 ? 'ok' : 'not ok'} ${index + 1} - ${oneLine(test.name).replace(/[\\#]/g, '\\$&')}`,
    ...failures.map((failure) => `# ${oneLine(failure)}`),
  ])
  return ['TAP version 13', `1..${results.length}`, ...lines].join('\n')
}

export function asJunit(results: readonly TestResult[]): string {
  const cases = results.map(({ test, failures: [first, ...more] }) => ({
    suite: 'kfdoor',
    name: test.name,
    ...(first !== undefined && {
      failure: { type: 'expectation', message: first, text: `${test.at}: ${[first, ...more].join('\n')}` },
    }),
  }))
  return asJUnit('kfdoor test', cases, Date.now())
}

/** What a tests file says does not steer the terminal. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/\p{Cc}/gu, '?')
}
