import { json } from '../go-http.ts'
import type { Answer, Question } from '../question.ts'
import { fitsFilters } from './allowed.ts'
import { forbidden, noCache, unauthorized } from './answers.ts'
import type { Front } from './front.ts'
import type { createKeptSessions } from './kept-sessions.ts'
import { admitted } from './pass.ts'

/** `/oauth2/userinfo` and `/oauth2/auth`: who has this session, and whether it is one of those asked about. */
export function createWhoIsIt(
  front: Front,
  { find }: Pick<ReturnType<typeof createKeptSessions>, 'find'>,
): Record<'userInfo' | 'authOnly', (question: Question) => Promise<Answer>> {
  return {
    async userInfo(question) {
      const found = await find(question)
      if (found.kind === 'forbidden') return forbidden
      if (found.kind !== 'session') return unauthorized(front, question, noCache)
      const { subject, email, groups, preferredUsername } = found.session.user
      const body = {
        user: subject,
        email,
        ...(groups.length > 0 && { groups }),
        ...(preferredUsername && { preferredUsername }),
      }
      return json(200, `${JSON.stringify(body)}\n`, noCache)
    },
    async authOnly(question) {
      const found = await find(question)
      if (found.kind === 'forbidden') return forbidden
      if (found.kind !== 'session') return unauthorized(front, question)
      return fitsFilters(question, found.session.user) ? admitted(front.settings, 202, found) : forbidden
    },
  }
}
