import type { AccessDiff, Difference } from '../../regions/index.ts'
import { witnessText } from '../map/render.ts'
import { codeSpan } from '../markdown.ts'

const titles = {
  public: 'newly open to whoever has not signed in',
  gained: 'gained',
  lost: 'lost',
  changed: 'changed',
  unreachable: 'reached by nobody any more',
} as const

const colours = { public: 31, gained: 31, lost: 33, changed: 33, unreachable: 33 }

export function asTable(diff: AccessDiff, colour: boolean): string {
  const lines: string[] = []
  const title = (text: string, code: number) => {
    lines.push(...(lines.length > 0 ? [''] : []), colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  }
  for (const list of ['public', 'gained', 'lost', 'changed', 'unreachable'] as const) {
    if (diff[list].length === 0) continue
    title(`${titles[list]} (${diff[list].length})`, colours[list])
    for (const { names, each } of fold(diff[list])) {
      lines.push(`  ${few(names)}`, `    ${witnessText(each.witness)}`, `    ${fates(each)}`)
    }
  }
  if (diff.deadRules.length > 0) {
    title(`rules no request meets any more (${diff.deadRules.length})`, 33)
    for (const { policy, rule, at, reason } of diff.deadRules)
      lines.push(`  ${policy} ${rule}: ${reason} (${at})`)
  }
  if (diff.unknown.length > 0) {
    title(`unknown (${diff.unknown.length})`, 35)
    for (const each of diff.unknown) {
      if ('reason' in each) lines.push(`  ${each.reason}: ${witnessText(each.witness)}`)
      else lines.push(`  ${each.principal}`, `    ${witnessText(each.witness)}`, `    ${fates(each)}`)
    }
  }
  return lines.length === 0 ? 'no difference: whoever asks, every request fares as before' : lines.join('\n')
}

/** For a pull request or a job's summary. Texts come from YAML somebody else wrote: none of it is Markdown. */
export function asMarkdown(diff: AccessDiff): string {
  const rows = (['public', 'gained', 'lost', 'changed', 'unreachable'] as const).flatMap((list) =>
    [...fold(diff[list])].map(({ names, each }) => [
      titles[list],
      few(names),
      witnessText(each.witness),
      fates(each),
    ]),
  )
  const dead = diff.deadRules.map(
    ({ policy, rule, at, reason }) =>
      `- dead rule ${codeSpan(`${policy} ${rule}`)}: ${codeSpan(`${reason} (${at})`)}`,
  )
  const unknown = diff.unknown.map((each) =>
    'reason' in each
      ? `- unknown: ${codeSpan(each.reason)}: ${codeSpan(witnessText(each.witness))}`
      : `- unknown: ${codeSpan(each.principal)}: ${codeSpan(witnessText(each.witness))}`,
  )
  if (rows.length + dead.length + unknown.length === 0)
    return 'No difference: whoever asks, every request fares as before.'
  const shown = rows.slice(0, mostRows)
  const more = rows.length - shown.length
  const table = [
    '| | who | request | before → after |',
    '| --- | --- | --- | --- |',
    ...shown.map(
      ([title, ...cells]) => `| ${title} | ${cells.map((cell) => codeSpan(cell ?? '')).join(' | ')} |`,
    ),
    ...(more > 0 ? ['', `and ${more} more: \`kfdoor diff\` shows all`] : []),
  ]
  const lists = [...dead, ...unknown]
  return [
    ...(rows.length > 0 ? table : []),
    ...(rows.length > 0 && lists.length > 0 ? [''] : []),
    ...lists,
  ].join('\n')
}

/** A comment on a pull request holds 64 KiB. */
const mostRows = 60

function fates({ from, to, application }: Difference): string {
  const was = `${from.verdict} (${from.reason})`
  const is = `${to.verdict} (${to.reason})`
  const where = to.upstream ?? from.upstream
  const changed = from.upstream !== to.upstream && from.verdict === 'allow' && to.verdict === 'allow'
  const way = changed ? `, ${from.upstream} → ${to.upstream}` : where === null ? '' : `, ${where}`
  const checked = application === undefined ? '' : `; the application itself: ${application.verdict}`
  return `${was} → ${is}${way}${checked}`
}

/** Callers to whom the same happens. */
function fold(list: readonly Difference[]) {
  const folded = new Map<string, { readonly names: string[]; readonly each: Difference }>()
  for (const each of list) {
    const key = fates(each)
    const known = folded.get(key)
    if (known === undefined) folded.set(key, { names: [each.principal], each })
    else known.names.push(each.principal)
  }
  return folded.values()
}

function few(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 6).join(' ')} and ${names.length - 6} more` : names.join(' ')
}
