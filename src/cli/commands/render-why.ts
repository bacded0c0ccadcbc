import type { Confidence, Match, Recognised, TokenFacts } from '../../doctor/index.ts'

export type Language = 'en' | 'ko'

const words = {
  en: {
    certain: 'this is it',
    likely: 'most likely',
    possible: 'possibly',
    why: 'Why',
    fix: 'What to do',
    seen: 'In your text',
    read: 'Read on',
    also: 'It may also be',
    token: (t: string) => `A token in your text: ${t}`,
    issuer: 'issuer',
    audience: 'audience',
    expired: (when: string, ago: string) => `expired ${ago} ago (${when})`,
    expires: (when: string) => `valid until ${when}`,
    units: { d: 'days', h: 'hours', m: 'minutes', s: 'seconds' },
    nothing: [
      'kfdoor knows no such text.',
      'What helps: the whole answer with its status line and headers (`curl -si URL | kfdoor why`),',
      'the first error of a traceback and not only the last, or the log of the gateway:',
      '  kubectl -n istio-system logs deployment/istio-ingressgateway --tail=20 | kfdoor why',
      'If it is an error of a Kubeflow door all the same, please report it: `kfdoor why` learns from such reports.',
    ],
  },
  ko: {
    certain: '확실합니다',
    likely: '이것일 가능성이 큽니다',
    possible: '이것일 수 있습니다',
    why: '원인',
    fix: '해결',
    seen: '붙여 넣은 글에서',
    read: '더 읽을거리',
    also: '다른 가능성',
    token: (t: string) => `붙여 넣은 글의 토큰: ${t}`,
    issuer: '발급자',
    audience: '대상(audience)',
    expired: (when: string, ago: string) => `${ago} 전에 만료됨(${when})`,
    expires: (when: string) => `${when}까지 유효`,
    units: { d: '일', h: '시간', m: '분', s: '초' },
    nothing: [
      '아는 오류가 아닙니다.',
      '상태 줄과 헤더를 포함한 전체 응답을 주시면 도움이 됩니다(`curl -si URL | kfdoor why`).',
      '트레이스백이라면 마지막이 아니라 첫 오류를, 아니면 게이트웨이의 로그를 붙여 넣어 보세요.',
      '  kubectl -n istio-system logs deployment/istio-ingressgateway --tail=20 | kfdoor why',
      '그래도 Kubeflow 문의 오류라면 알려 주세요. `kfdoor why`는 그런 제보로 배웁니다.',
    ],
  },
} as const

/** For people: the best match in full, the others by name. */
export function renderWhy(found: Recognised, language: Language, now: number): string {
  const say = words[language]
  const [first, ...others] = found.matches
  const tokens = found.tokens.map((token) => say.token(tokenText(token, language, now)))
  if (!first) return [...say.nothing, ...(tokens.length > 0 ? ['', ...tokens] : [])].join('\n')
  const { problem, facts } = first
  const seen = Object.entries(facts).map(([name, value]) => `  ${name}: ${value}`)
  const sections = [
    `${problem.code}  ${problem.title[language]} (${say[first.confidence]})`,
    `${say.why}\n${wrapped(problem.cause[language])}`,
    [
      `${say.fix}\n${wrapped(problem.fix[language])}`,
      ...(problem.commands ?? []).map((command) => `    ${command}`),
    ].join('\n'),
    seen.length > 0 ? [say.seen, ...seen].join('\n') : '',
    tokens.join('\n'),
    [say.read, ...problem.readOn.map((each) => `  ${link(each)}`)].join('\n'),
    others.length > 0
      ? [
          say.also,
          ...others.map(
            (other) => `  ${other.problem.code}  ${other.problem.title[language]} (${say[other.confidence]})`,
          ),
        ].join('\n')
      : '',
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}

/** For programs: every match in full, best first. */
export function whyAsJson(found: Recognised, language: Language, now: number): unknown {
  return {
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'Why',
    matches: found.matches.map(({ problem, confidence, facts }: Match) => ({
      code: problem.code,
      confidence: confidence satisfies Confidence,
      title: problem.title[language],
      cause: problem.cause[language],
      fix: problem.fix[language],
      commands: problem.commands ?? [],
      facts,
      readOn: problem.readOn.map(link),
    })),
    tokens: found.tokens.map((token) => ({
      ...token,
      expiresAt: token.expiresAt === undefined ? null : timestamp(token.expiresAt),
      expired: token.expiresAt === undefined ? null : token.expiresAt * 1000 <= now,
    })),
  }
}

function tokenText({ issuer, audiences, expiresAt }: TokenFacts, language: Language, now: number): string {
  const say = words[language]
  const parts = [
    issuer === undefined ? '' : `${say.issuer} ${issuer}`,
    audiences.length === 0 ? '' : `${say.audience} ${audiences.join(', ')}`,
  ]
  if (expiresAt !== undefined) {
    const left = expiresAt - now / 1000
    parts.push(
      left <= 0
        ? say.expired(timestamp(expiresAt), span(-left, language))
        : say.expires(timestamp(expiresAt)),
    )
  }
  return parts.filter((part) => part !== '').join(', ')
}

/** Seconds since the epoch as RFC 3339 in UTC; a claim may hold any number. */
function timestamp(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace('.000Z', 'Z')
}

function span(seconds: number, language: Language): string {
  const { units } = words[language]
  const [size, unit] =
    seconds >= 172_800
      ? [seconds / 86_400, units.d]
      : seconds >= 7_200
        ? [seconds / 3_600, units.h]
        : seconds >= 120
          ? [seconds / 60, units.m]
          : [seconds, units.s]
  return language === 'ko' ? `${Math.floor(size)}${unit}` : `${Math.floor(size)} ${unit}`
}

/** `kserve/kserve#668` as a link; a page stays what it is. */
export function link(reference: string): string {
  const [, repository, number] = /^([\w.-]+\/[\w.-]+)#(\d+)$/.exec(reference) ?? []
  return repository === undefined ? reference : `https://github.com/${repository}/issues/${number}`
}

const width = 96

/** Lines of at most 96 columns, two of them blank; a Korean letter is two columns wide. */
function wrapped(text: string): string {
  const lines: string[] = []
  let line = ' '
  let columns = 1
  for (const word of text.split(' ')) {
    const size = [...word].reduce((sum, letter) => sum + (letter >= '\u1100' ? 2 : 1), 0)
    if (columns + 1 + size > width && line.trim() !== '') {
      lines.push(line)
      line = ' '
      columns = 1
    }
    line += ` ${word}`
    columns += 1 + size
  }
  return [...lines, line].join('\n')
}
