/** The engine's sentences in the language of the page. Names, codes, field names and YAML stay as they are. */
import type { Told } from '../../engine/ask.ts'
import { findingsKo } from './findings-ko.ts'
import { type Language, language } from './language.ts'
import { reasonsKo } from './reasons-ko.ts'

const nearMiss = /^would have matched but for `(.*?)`: (.*)$/s

/** What a reason says: the engine's own words, or the table's under the same code. */
export function reasonWords(reason: string, words: string, to: Language = language.value): string {
  if (to === 'en') return words
  const miss = reason.startsWith('near-miss-') ? nearMiss.exec(words) : null
  if (miss) return `\`${miss[1]}\`만 아니면 일치했을 것입니다: ${miss[2]}`
  const text = Object.hasOwn(reasonsKo, reason) ? reasonsKo[reason] : undefined
  if (text === undefined) return words
  if (typeof text === 'string') return text
  const [pattern, template, otherwise] = text
  const found = pattern.exec(words)
  if (!found) return words === reason.replaceAll('-', ' ') ? otherwise : `${otherwise} (${words})`
  return template.replace(/\$(\d)/g, (_, at) => found[Number(at)] ?? '')
}

export function findingTitle(code: string, title: string, to: Language = language.value): string {
  return to === 'ko' && Object.hasOwn(findingsKo, code) ? (findingsKo[code] as string) : title
}

type Rewording = readonly [pattern: RegExp, template: string]

const outcomes: readonly Rewording[] = [
  [/^reaches (.*) as (\S+ .*), Host (.*)$/s, '$1에 $2, Host $3(으)로 닿습니다'],
  [/^would reach (.*) as (\S+ .*), Host (.*)$/s, '$1에 $2, Host $3(으)로 닿을 것입니다'],
  [/^answered (\d+) to (.*)$/s, '$1 응답, $2(으)로 보냅니다'],
  [/^answered (\d+) with the sign-in page$/, '$1 응답, 로그인 페이지'],
  [/^answered (\d+)(.*)$/s, '$1 응답$2'],
  [/^the application answers (\d+)$/, '애플리케이션이 $1(으)로 답합니다'],
]

const hops: readonly Rewording[] = [
  [/^gateway (.*)$/s, '게이트웨이 $1'],
  [/^(.*) and its sidecar$/s, '$1, 그리고 그 사이드카'],
  [/^the sidecar of the pod that calls$/, '호출하는 파드의 사이드카'],
  [/^what stands behind$/, '그 뒤에 있는 것'],
]

const around: readonly Rewording[] = [
  [
    /^(.*), past every gateway: no policy holds there, (.*)$/s,
    '$1: 어떤 게이트웨이도 거치지 않으며 정책이 적용되지 않습니다, $2',
  ],
  [
    /^(.*), past every gateway: only its sidecar is on the way, (.*)$/s,
    '$1: 어떤 게이트웨이도 거치지 않으며 사이드카만 있습니다, $2',
  ],
  [
    /^(.*) leads to (.*): no policy of the mesh holds there (\(.*\))$/s,
    '$1 → $2: 메시의 정책이 적용되지 않습니다 $3',
  ],
  [/^(.*) leads to (.*): past (.*) (\(.*\))$/s, '$1 → $2: $3을(를) 지납니다 $4'],
]

function reworded(table: readonly Rewording[], words: string): string | undefined {
  for (const [pattern, template] of table) {
    const found = pattern.exec(words)
    if (found) return template.replace(/\$(\d)/g, (_, at) => found[Number(at)] ?? '')
  }
  return undefined
}

export function aroundWords(words: string, to: Language = language.value): string {
  return to === 'en' ? words : (reworded(around, words) ?? words)
}

/** An answer as it is shown. */
export function inLanguage(told: Told, to: Language = language.value): Told {
  if (to === 'en') return told
  const outcome = (words: string) => {
    // A request that is let go nowhere says what its deciding step says.
    const step = told.steps.findLast((one) => one.words === words)
    return reworded(outcomes, words) ?? (step ? reasonWords(step.reason, words, to) : words)
  }
  return {
    ...told,
    outcome: outcome(told.outcome),
    steps: told.steps.map((step) => ({ ...step, words: reasonWords(step.reason, step.words, to) })),
    hops: told.hops.map((hop) => reworded(hops, hop) ?? hop),
    around: told.around.map((words) => aroundWords(words, to)),
    ...(told.signedIn && { signedIn: { ...told.signedIn, outcome: outcome(told.signedIn.outcome) } }),
  }
}
