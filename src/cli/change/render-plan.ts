/** A plan as a page for the person who decides: what is written, who gains, what may go wrong, how to undo. */
import { createTwoFilesPatch } from 'diff'
import { type Change, objectText, type Plan, textOf } from '../../planner/index.ts'
import type { AccessDiff, Difference } from '../../regions/index.ts'
import { witnessText } from '../map/render.ts'

const paint = { red: 31, green: 32, yellow: 33, cyan: 36, bold: 1 } as const

export function renderPlan(plan: Plan, colour: boolean): string {
  const { spec, metadata } = plan
  const tint = (name: keyof typeof paint, text: string) =>
    colour ? `\u001b[${paint[name]}m${text}\u001b[0m` : text
  const lines: string[] = []
  const section = (title: string) => lines.push('', tint('bold', title))
  lines.push(tint('bold', `plan ${metadata.name}`), `  ${spec.command.join(' ')}`)
  const open = spec.access.public
  if (open.length > 0) {
    lines.push('', tint('red', 'NEWLY OPEN TO WHOEVER HAS NOT SIGNED IN'))
    lines.push(...open.map((each) => tint('red', `  ${mayText(each)}`)))
  }
  section(`changes (${spec.changes.length}), in this order`)
  for (const [index, change] of spec.changes.entries()) {
    lines.push(`  ${index + 1}. ${change.op} ${textOf(change.object)} (${change.effect}): ${change.why}`)
  }
  section('objects')
  for (const change of spec.changes) lines.push(...diffLines(change).map((line) => tinted(line, tint)))
  section('who gains and who loses')
  lines.push(...accessLines(spec.access).map((line) => tinted(line, tint)))
  if (spec.findings.new.length + spec.findings.gone.length > 0) {
    section('findings of lint')
    for (const { code, severity, message } of spec.findings.new) {
      lines.push(tint('yellow', `  new   ${code} ${severity}: ${message}`))
    }
    for (const { code, message } of spec.findings.gone)
      lines.push(tint('green', `  gone  ${code}: ${message}`))
  }
  if (spec.risks.length > 0) {
    section('risks')
    lines.push(...spec.risks.map((risk) => tint('yellow', `  ${risk}`)))
  }
  for (const { title, text } of spec.callers) {
    section(title)
    lines.push(
      ...text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `  ${line}`),
    )
  }
  section('to undo it')
  lines.push(...undoLines(plan))
  return lines.join('\n').replaceAll(/\n +\n/g, '\n\n')
}

type Tint = (name: keyof typeof paint, text: string) => string

function tinted(line: string, tint: Tint): string {
  if (/^ {2}\+|^ {2}gained/.test(line)) return tint('green', line)
  if (/^ {2}-|^ {2}lost/.test(line)) return tint('red', line)
  return /^ {2}@@/.test(line) ? tint('cyan', line) : line
}

/** A unified diff of the object as YAML. */
function diffLines(change: Change): readonly string[] {
  const [before, after] = [
    change.op === 'create' ? '' : objectText(change.before),
    change.op === 'delete' ? '' : objectText(change.after),
  ]
  const patch = createTwoFilesPatch('', '', before, after, '', '', { context: 3 })
  const body = patch
    .split('\n')
    .slice(4)
    .filter((line) => line !== '' && !line.startsWith('\\'))
  return [`  ${textOf(change.object)}`, ...body.map((line) => `  ${line}`)]
}

const mostLines = 24

/** `gained  sa:team-a/ci may POST https://…/serving/team-a/iris/x`, callers alike together. */
function accessLines(access: AccessDiff): readonly string[] {
  const { gained, lost, changed, unreachable, deadRules, unknown } = access
  const lines = [
    ...folded(gained, 'gained ', mayText),
    ...folded(
      lost,
      'lost   ',
      (each) =>
        `${each.principal} no longer gets ${requestText(each)}: ${each.to.verdict} (${each.to.reason})`,
    ),
    ...folded(changed, 'changed', (each) => `${each.principal}: ${requestText(each)} goes ${wayText(each)}`),
    ...unreachable.map((each) => `  lost    nobody reaches ${each.from.upstream} any more`),
    ...deadRules.map(({ policy, rule, reason }) => `  dead    ${policy} ${rule}: ${reason}`),
    ...unknownLines(unknown),
  ]
  if (lines.length === 0) return ['  nobody: whoever asks, every request fares as before']
  return lines
}

/** By why nobody can tell; one request each. */
function unknownLines(unknown: AccessDiff['unknown']): readonly string[] {
  const groups = new Map<string, { readonly line: string; count: number }>()
  for (const each of unknown) {
    const [key, line] =
      'reason' in each
        ? [each.reason, `${each.reason}: ${witnessText(each.witness)}`]
        : [
            `${each.from.verdict} ${each.to.verdict} ${each.to.reason}`,
            `${each.principal}: ${requestText(each)}: ${each.from.verdict} (${each.from.reason}) → ${each.to.verdict} (${each.to.reason})`,
          ]
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { line, count: 1 })
    else known.count += 1
  }
  return [...groups.values()].map(
    ({ line, count }) => `  unknown ${line}${count > 1 ? `, and ${count - 1} alike` : ''}`,
  )
}

function folded(
  list: readonly Difference[],
  word: string,
  say: (each: Difference) => string,
): readonly string[] {
  const groups = new Map<string, { readonly first: Difference; readonly names: string[] }>()
  for (const each of list) {
    const key = say({ ...each, principal: '' })
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { first: each, names: [each.principal] })
    else known.names.push(each.principal)
  }
  const lines = [...groups.values()].map(({ first, names }) => {
    const plain = names.filter(
      (name) => !name.endsWith('+forged') || !names.includes(name.replace('+forged', '')),
    )
    const who =
      plain.length > 6 ? `${plain.slice(0, 6).join(', ')} and ${plain.length - 6} more` : plain.join(', ')
    return `  ${word} ${say({ ...first, principal: who })}`
  })
  return lines.length > mostLines
    ? [...lines.slice(0, mostLines), `  ${word} … and ${lines.length - mostLines} more; \`-o json\` has all`]
    : lines
}

function mayText(each: Difference): string {
  const way = each.to.upstream === null ? '' : ` → ${upstreamText(each.to.upstream)}`
  const checked =
    each.application === undefined ? '' : ` (the application itself: ${each.application.verdict})`
  return `${each.principal} may ${requestText(each)}${way}${checked}`
}

function wayText({ from, to }: Difference): string {
  if (from.upstream !== to.upstream) {
    return `to ${upstreamText(to.upstream ?? '')} instead of ${upstreamText(from.upstream ?? '')}`
  }
  return `to the same place as ${JSON.stringify(to.identity)} instead of ${JSON.stringify(from.identity)}`
}

const requestText = ({ witness }: Difference) => witnessText(witness)

/** `outbound|80||iris.team-a.svc.cluster.local` as `iris.team-a.svc.cluster.local:80`. */
function upstreamText(upstream: string): string {
  const [, port, , host] = upstream.split('|')
  return host === undefined ? upstream : `${host}:${port}`
}

function undoLines({ spec, metadata }: Plan): readonly string[] {
  const writes = [...spec.changes].reverse().map((change) => {
    const word = change.op === 'create' ? 'delete' : change.op === 'delete' ? 'create again' : 'put back'
    return `  ${word} ${textOf(change.object)}`
  })
  return [...writes, `  as one command: kfdoor rollback ${metadata.name}`]
}
