import type {
  Asked,
  NotAsked,
  PredictedWitness,
  VerifiedDoor,
  VerifyPlan,
} from '../../compose/verify/index.ts'
import { callerName } from '../../regions/index.ts'
import { witnessText } from '../map/render.ts'

const doors = { kfdoor: 'kfdoor’s gateway', istio: 'Istio' } as const

export function asTable(
  { agreements, disagreements, notAsked, plan }: VerifiedDoor,
  colour: boolean,
): string {
  const paint = (text: string, code: number) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  const lines = [`${plan.url.origin} answers as ${doors[plan.answering]} (gateway ${plan.gateway})`, '']
  for (const each of disagreements) {
    const { verdict, reason, by } = each.asked.prediction
    lines.push(
      `${paint('differs', 31)}  ${callerName(each.asked.principal)}: ${witnessText(each.asked.witness)}`,
      `         predicted ${verdict} (${reason})${by === undefined ? '' : `, by ${by}`}`,
      `         saw ${each.saw}`,
    )
  }
  lines.push(...foldAgreements(agreements, (text) => paint(text, 32)), ...foldNotAsked(notAsked))
  const counts = `${agreements.length} agree, ${disagreements.length} disagree, ${notAsked.length} not asked`
  return [...lines, '', counts].join('\n')
}

/** Routes with what they came to; the requests stand in `-o json`. */
function foldAgreements(agreements: readonly Asked[], paint: (text: string) => string): readonly string[] {
  const folded = new Map<string, Map<string, number>>()
  for (const { asked, saw, note } of agreements) {
    const line = `${asked.prediction.verdict} (${note ?? saw})`
    const route = folded.get(asked.route ?? '') ?? new Map<string, number>()
    route.set(line, (route.get(line) ?? 0) + 1)
    folded.set(asked.route ?? '', route)
  }
  return [...folded].flatMap(([route, outcomes]) => [
    `${paint('agrees')}   ${route}`,
    ...[...outcomes].map(([line, count]) => `         ${count} × ${line}`),
  ])
}

function foldNotAsked(notAsked: readonly NotAsked[]): readonly string[] {
  const byReason = new Map<string, Set<string>>()
  for (const { asked, why } of notAsked) {
    const names = byReason.get(why) ?? new Set<string>()
    names.add(callerName(asked.principal))
    byReason.set(why, names)
  }
  return [...byReason].map(([why, names]) => {
    const shown = [...names].slice(0, 4).join(' ')
    const more = names.size > 4 ? ` and ${names.size - 4} more` : ''
    return `not asked  ${why}: ${shown}${more}`
  })
}

/** What to type where door and YAML differ. `yaml`: how the YAML is named. */
export function nextWords({ asked }: Asked, yaml: string, fixture: string | undefined): string {
  const { principal, witness } = asked
  const as = callerName({ ...principal, forged: false })
  const tail = yaml === '' ? '' : ` ${yaml}`
  const kept =
    fixture === undefined
      ? '`--write-fixture FILE` keeps them as tests'
      : `\`kfdoor test ${fixture}${tail}\` fails until they agree`
  return `next: \`kfdoor explain ${witness.method} ${witness.url} --as ${as}${tail} --trace\` shows why the YAML says so of the first; ${kept}`
}

export function planAsTable({ url, ask, notAsked }: VerifyPlan): string {
  return [
    `${ask.length} requests to ${url.origin}:`,
    ...ask.map(({ principal, witness }) => `  ${callerName(principal).padEnd(24)} ${witnessText(witness)}`),
    ...foldNotAsked(notAsked),
  ].join('\n')
}

function requestOf({ principal, witness, prediction, route }: PredictedWitness): object {
  const { verdict, reason, by } = prediction
  return {
    principal: callerName(principal),
    ...(route !== undefined && { route }),
    witness,
    predicted: {
      verdict,
      reason,
      ...(prediction.reply && { status: prediction.reply.status }),
      ...(by !== undefined && { by }),
    },
  }
}

const asked = (each: Asked) => ({
  ...requestOf(each.asked),
  saw: each.saw,
  ...(each.status !== undefined && { status: each.status }),
  ...(each.note !== undefined && { note: each.note }),
})

export function asJson({ agreements, disagreements, notAsked, plan }: VerifiedDoor): string {
  return JSON.stringify({
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'Verification',
    url: plan.url.href,
    answering: plan.answering,
    gateway: plan.gateway,
    agreements: agreements.map(asked),
    disagreements: disagreements.map(asked),
    notAsked: notAsked.map((each) => ({ ...requestOf(each.asked), why: each.why })),
  })
}

export function planAsJson({ url, gateway, ask, notAsked }: VerifyPlan): string {
  return JSON.stringify({
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'VerificationPlan',
    url: url.href,
    gateway,
    count: ask.length,
    ask: ask.map(requestOf),
    notAsked: notAsked.map((each) => ({ ...requestOf(each.asked), why: each.why })),
  })
}
