/**
 * JUnit XML that both schemas in use take: Ant's (windyroad/JUnit-Schema, `JUnit.xsd`) and Jenkins' xUnit plugin's
 * (`junit-10.xsd`). One suite; where a case stands in a file is said in its name and its failure, because neither
 * schema has an attribute for it.
 */
export interface JUnitCase {
  readonly suite: string
  readonly name: string
  readonly failure?: { readonly type: string; readonly message: string; readonly text: string }
}

/** `now` in milliseconds since the epoch. */
export function asJUnit(name: string, cases: readonly JUnitCase[], now: number): string {
  const failures = cases.filter(({ failure }) => failure).length
  const rows = cases.map(({ suite, name: title, failure }) => {
    const head = `    <testcase classname="${xml(suite)}" name="${xml(title)}" time="0"`
    if (failure === undefined) return `${head}/>`
    const { type, message, text } = failure
    return `${head}>\n      <failure type="${xml(type)}" message="${xml(message)}">${xml(text)}</failure>\n    </testcase>`
  })
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="0"`
  // Ant's schema has no fractions of a second and no zone.
  const at = new Date(now).toISOString().slice(0, 19)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite id="0" package="kfdoor" name="${xml(name)}" ${counts} hostname="localhost" timestamp="${at}">`,
    '    <properties/>',
    ...rows,
    '    <system-out/>',
    '    <system-err/>',
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
  // In an attribute they would become blanks.
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
}

/** XML 1.0 has no control characters but tab and line ends, no half of a pair, and not U+FFFE and U+FFFF. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"'\n\r\t]/g, (found) => escapes[found] as string)
}
