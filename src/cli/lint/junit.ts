/** JUnit XML as Jenkins and GitLab read it: one suite, one test case a row. */
export interface JUnitCase {
  readonly suite: string
  readonly name: string
  readonly file?: string
  readonly failure?: { readonly message: string; readonly text: string }
}

export function asJUnit(name: string, cases: readonly JUnitCase[]): string {
  const failures = cases.filter(({ failure }) => failure).length
  const rows = cases.map(({ suite, name: title, file, failure }) => {
    const head = `    <testcase classname="${xml(suite)}" name="${xml(title)}"${file ? ` file="${xml(file)}"` : ''}`
    if (failure === undefined) return `${head}/>`
    return `${head}>\n      <failure message="${xml(failure.message)}">${xml(failure.text)}</failure>\n    </testcase>`
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="kfdoor" tests="${cases.length}" failures="${failures}">`,
    `  <testsuite name="${xml(name)}" tests="${cases.length}" failures="${failures}">`,
    ...rows,
    '  </testsuite>',
    '</testsuites>',
  ].join('\n')
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** XML 1.0 has no control characters but tab and line ends. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"']/g, (found) => escapes[found] as string)
}
