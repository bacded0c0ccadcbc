import type { MapRow, Witness } from '../../regions/index.ts'
import { codeSpan } from '../markdown.ts'
import { printable } from '../printable.ts'
import { type AroundRow, aroundText } from './around.ts'

/** The contract of `map -o json`; never folded. */
export function asJson(rows: readonly MapRow[], around: readonly AroundRow[]): string {
  return JSON.stringify({
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'AccessMap',
    rows: rows.map(({ door, principal, route, verdict, reason, witness }) => ({
      door,
      principal,
      route,
      verdict,
      reason,
      witness,
    })),
    ...(around.length > 0 && { around }),
  })
}

/** Callers one route treats alike. */
export interface Folded {
  readonly row: MapRow
  readonly principals: readonly string[]
}

export function fold(rows: readonly MapRow[]): readonly Folded[] {
  const folded = new Map<string, { readonly row: MapRow; readonly principals: Set<string> }>()
  for (const row of rows) {
    const { door, route, verdict, reason } = row
    const key = JSON.stringify([door, route, verdict, reason])
    const known = folded.get(key)
    if (known === undefined) folded.set(key, { row, principals: new Set([row.principal]) })
    else known.principals.add(row.principal)
  }
  return [...folded.values()].map(({ row, principals }) => ({ row, principals: foldForged([...principals]) }))
}

/** `anonymous` and `anonymous+forged` as `anonymous[+forged]`. */
function foldForged(principals: readonly string[]): readonly string[] {
  const all = new Set(principals)
  return principals.flatMap((name) => {
    const plain = name.replace(/\+forged$/, '')
    if (name !== plain) return all.has(plain) ? [] : [name]
    return [all.has(`${name}+forged`) ? `${name}[+forged]` : name]
  })
}

/** As many names as a line holds, and how many more there are. */
function few(principals: readonly string[], most: number): string {
  const shown = principals.slice(0, most).join(' ')
  return principals.length > most ? `${shown} and ${principals.length - most} more` : shown
}

export function witnessText({ method, url, headers, from, sni }: Witness): string {
  const own = headers.filter(([, value]) => value !== 'admin@example.com')
  const lines = own.map(([name, value]) => ` -H '${name}: ${value}'`).join('')
  return `${method} ${url}${lines}${from === undefined ? '' : ` from ${from}`}${sni === undefined ? '' : ` SNI ${sni}`}`
}

export function asTable(rows: readonly MapRow[], around: readonly AroundRow[]): string {
  const lines: string[] = []
  let route = ''
  let door = ''
  for (const { row, principals } of fold(rows)) {
    if (row.door !== door) {
      door = row.door
      lines.push(...(lines.length > 0 ? [''] : []), `door ${door}`)
    }
    const name = `${row.route.hosts.join(',')}  ${row.route.match}  ${row.route.id}`
    if (name !== route) {
      route = name
      lines.push('', `  ${name}`)
    }
    lines.push(
      `    ${row.verdict.padEnd(11)} ${few(principals, 6)}`,
      `    ${''.padEnd(11)} ${row.reason}: ${witnessText(row.witness)}`,
    )
  }
  if (around.length > 0) {
    lines.push('', 'ways around the gateway')
    for (const each of around) lines.push(`    ${aroundText(each)}`)
  }
  // What the YAML says does not steer the terminal.
  return lines.length === 0 ? 'no gateway of this YAML has a route' : lines.map(printable).join('\n')
}

export function asMarkdown(rows: readonly MapRow[], around: readonly AroundRow[]): string {
  const lines = [
    '| door | route | match | verdict | who | reason | witness |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ]
  for (const { row, principals } of fold(rows)) {
    const { door, route, verdict, reason, witness } = row
    const words = [
      codeSpan(door),
      codeSpan(route.id),
      codeSpan(`${route.hosts.join(', ')} ${route.match}`),
      verdict,
      codeSpan(few(principals, 12), 1000),
      reason,
      codeSpan(witnessText(witness), 1000),
    ]
    lines.push(`| ${words.join(' | ')} |`)
  }
  if (around.length > 0) lines.push('', ...around.map((each) => `- ${codeSpan(aroundText(each))}`))
  return lines.join('\n')
}

/** RFC 4180. A cell that a spreadsheet would run as a formula is kept from that. */
export function asCsv(rows: readonly MapRow[]): string {
  const cell = (text: string) => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe
  }
  const lines = rows.map(({ door, principal, route, verdict, reason, witness }) => [
    door,
    principal,
    route.id,
    route.hosts.join(' '),
    route.match,
    verdict,
    reason,
    witness.method,
    witness.url,
    witness.headers.map(([name, value]) => `${name}: ${value}`).join('; '),
  ])
  const head = 'door,principal,route,hosts,match,verdict,reason,method,url,headers'
  return [head, ...lines.map((line) => line.map(cell).join(','))].join('\r\n')
}
