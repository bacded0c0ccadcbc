import type { HeaderList } from '../../policy/index.ts'
import { escapeHtml } from '../provider/go-http.ts'
import { soleHeader } from '../provider/question.ts'
import { page } from './layout.ts'

type Language = 'en' | 'ko'

const words = {
  en: {
    signIn: 'Sign In',
    signInWith: (provider: string) => `Sign in with ${provider}`,
    lead: 'This page needs a signed-in user.',
    again: 'Sign in',
    goBack: 'You can start again from here.',
  },
  ko: {
    signIn: '로그인',
    // Clients look for the English button text, so it stays, with the translation beside it.
    signInWith: (provider: string) => `Sign in with ${provider} (로그인)`,
    lead: '이 페이지를 보려면 로그인해야 합니다.',
    again: 'Sign in (다시 로그인)',
    goBack: '여기에서 다시 시작할 수 있습니다.',
  },
} as const

/** Korean when it is asked for before English. A proxy's check rarely forwards the header. */
export function languageOf(headers: HeaderList): Language {
  const wanted = (soleHeader(headers, 'accept-language') ?? '').toLowerCase().split(',')
  const best = wanted
    .map((one) => one.trim().split(';'))
    .filter(([tag = '']) => /^(ko|en)\b/.test(tag))
    .map(([tag = '', ...parameters]) => {
      const q = parameters.map((one) => /^\s*q=([\d.]+)$/.exec(one)?.[1]).find((one) => one !== undefined)
      return { tag, q: q === undefined ? 1 : Number(q) }
    })
    .sort((a, b) => b.q - a.q)[0]
  return best?.tag.startsWith('ko') ? 'ko' : 'en'
}

/** An issuer on the page; the first has no name. */
export interface Choice {
  readonly name: string
  readonly title: string
}

/** oauth2-proxy's sign-in page: the form a client looks for, in a page of our own; one form for each issuer. */
export function signInPage(
  language: Language,
  prefix: string,
  choices: readonly Choice[],
  target: string,
): string {
  const text = words[language]
  const form = ({ name, title }: Choice) => `<form method="GET" action="${escapeHtml(prefix)}/start">
<input type="hidden" name="rd" value="${escapeHtml(target)}">${name ? `\n<input type="hidden" name="provider" value="${escapeHtml(name)}">` : ''}
<button type="submit">${escapeHtml(text.signInWith(title))}</button>
</form>`
  return page(
    language,
    text.signIn,
    `<h1>${text.signIn}</h1>
<p>${text.lead}</p>
${choices.map(form).join('\n')}`,
  )
}

const phrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** oauth2-proxy's error page: status, phrase, message, and a way to begin anew. */
export function errorPage(language: Language, prefix: string, status: number, message: string): string {
  const text = words[language]
  const phrase = phrases[status] ?? 'Error'
  return page(
    language,
    `${status} ${phrase}`,
    `<h1>${status} ${phrase}</h1>
<p role="alert">${escapeHtml(message)}</p>
<form method="GET" action="${escapeHtml(prefix)}/sign_in">
<p>${text.goBack}</p>
<button type="submit">${text.again}</button>
</form>`,
  )
}
