import type { TestResult } from './run-tests.ts'

const passed = ({ failures }: TestResult) => failures.length === 0

export function asTable(results: readonly TestResult[], colour: boolean): string {
  const paint = (text: string, code: number) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  const lines = results.flatMap(({ test, failures }) => [
    failures.length === 0
      ? `${paint('ok', 32)}      ${test.name}`
      : `${paint('failed', 31)}  ${test.name} (${test.at})`,
    ...failures.map((failure) => `        ${failure}`),
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
    `${failures.length === 0 ? 'ok' : 'not ok'} ${index + 1} - ${test.name.replace(/[\\#]/g, '\\$&').replace(/\s+/g, ' ')}`,
    ...failures.map((failure) => `# ${failure.replace(/\s+/g, ' ')}`),
  ])
  return ['TAP version 13', `1..${results.length}`, ...lines].join('\n')
}

export function asJunit(results: readonly TestResult[]): string {
  const failed = results.filter((result) => !passed(result)).length
  const cases = results.map(({ test, failures }) => {
    const head = `  <testcase classname="kfdoor" name="${xml(test.name)}" file="${xml(test.at.replace(/:\d+$/, ''))}"`
    if (failures.length === 0) return `${head}/>`
    const text = xml(failures.join('\n'))
    return `${head}>\n    <failure message="${xml(failures[0] ?? '')}">${text}</failure>\n  </testcase>`
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="kfdoor" tests="${results.length}" failures="${failed}">`,
    ...cases,
    '</testsuite>',
  ].join('\n')
}

/** XML 1.0 has no place for control characters. */
function xml(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0) ?? 0
      if (code < 32 && code !== 9 && code !== 10) return ' '
      return /[&<>"']/.test(character) ? `&#${code};` : character
    })
    .join('')
}
