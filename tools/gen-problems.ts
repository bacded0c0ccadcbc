/**
 * `node tools/gen-problems.ts` writes docs/problems.md and docs/problems.ko.md from the table that
 * `kfdoor why` answers from.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { link } from '../src/cli/commands/render-why.ts'
import { type Problem, problems } from '../src/doctor/index.ts'

type Language = 'en' | 'ko'

const words = {
  en: {
    title: 'Known problems at Kubeflow’s door',
    intro: [
      `These are the ${problems.length} problems that \`kfdoor why 'TEXT'\` recognises. Paste an error, a log line or what \`curl -i\` printed; nothing is sent anywhere.`,
      '',
      'This page is made from the same table by `node tools/gen-problems.ts`. Korean: [problems.ko.md](problems.ko.md).',
    ],
    why: 'Why',
    fix: 'What to do',
    read: 'Read on',
  },
  ko: {
    title: 'Kubeflow의 문 앞에서 만나는 문제들',
    intro: [
      `\`kfdoor why 'TEXT'\`가 알아보는 ${problems.length}가지 문제입니다. 오류 메시지나 로그 한 줄, \`curl -i\`의 출력을 붙여 넣으세요. 어디로도 전송하지 않습니다.`,
      '',
      '이 문서는 같은 표에서 `node tools/gen-problems.ts`로 만듭니다. 영어: [problems.md](problems.md).',
    ],
    why: '원인',
    fix: '해결',
    read: '더 읽을거리',
  },
} as const

/** What a fix shows as one line may hold spaces, quotes and `#`, but never a fence. */
const section = (problem: Problem, language: Language): string[] => {
  const say = words[language]
  return [
    `## ${problem.code}: ${problem.title[language]}`,
    '',
    `**${say.why}.** ${problem.cause[language]}`,
    '',
    `**${say.fix}.** ${problem.fix[language]}`,
    '',
    ...(problem.commands ? ['```sh', ...problem.commands, '```', ''] : []),
    `${say.read}: ${problem.readOn.map((each) => `[${each.replace(/^https:\/\//, '')}](${link(each)})`).join(', ')}`,
    '',
  ]
}

export const files: Readonly<Record<Language, URL>> = {
  en: new URL('../docs/problems.md', import.meta.url),
  ko: new URL('../docs/problems.ko.md', import.meta.url),
}

export function renderProblems(language: Language): string {
  const say = words[language]
  const sorted = [...problems].sort((a, b) => a.code.localeCompare(b.code))
  return [`# ${say.title}`, '', ...say.intro, '', ...sorted.flatMap((each) => section(each, language))]
    .join('\n')
    .replace(/\n+$/, '\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const language of ['en', 'ko'] as const) writeFileSync(files[language], renderProblems(language))
}
