/** How people come in: what a stranger gets, where that leads, and whether it can end well. */
import { isFault } from '../../base/index.ts'
import {
  type Agent,
  type Answer,
  asBrowser,
  doorWords,
  pressStart,
  type RecognisedDoor,
  type Visitor,
} from '../../client/index.ts'
import {
  finding,
  judgeCookies,
  judgeReturn,
  passed,
  type WalkedHop,
  type WalkFinding,
} from '../../doctor/index.ts'
import { type Blamed, blame, contradicts } from './blame.ts'
import { judgeSeen } from './walk-inside.ts'

export async function walkSignIn(
  agent: Agent,
  visitor: Visitor,
  door: RecognisedDoor,
  blamed: Blamed | undefined,
): Promise<WalkedHop> {
  const { kind, entry } = door
  const asked = { method: 'GET', url: entry.url, accept: asBrowser.accept }
  const begun = await begin(visitor, door)
  const request = door.request ?? begun?.request
  const words = [`${kind}`, ...(request ? [`signs in at ${request.endpoint.pathname}`] : [])]
  if (kind === 'open') {
    const message = 'everybody who reaches the address is in: no session and no token is asked for'
    const evidence = [`GET ${door.url.href} answers ${entry.status}`]
    const fix = 'is the CUSTOM policy or EnvoyFilter applied? `kfdoor lint` says what is open'
    return {
      ...passed('sign-in', ...words),
      findings: [
        finding('KFD0310', message, evidence, fix),
        ...(blamed ? contradicts(blamed, asked, entry) : []),
      ],
    }
  }
  const single = door.singleUser
    ? [finding('KFD0316', 'Pipelines says `multi_user: false`: everybody who signs in shares everything', [])]
    : []
  if (kind === 'unknown' && request === undefined) {
    const { status = 0, words: said = '' } = door.refusal ?? {}
    const fix = 'is the auth service up, and does a policy send people to it?'
    return {
      ...passed('sign-in', ...words),
      findings: [
        finding('KFD0311', `strangers get ${status}: ${said}`, [said], fix),
        ...judgeSeen(entry),
        ...(blamed ? blame(blamed, asked, entry) : []),
        ...single,
      ],
    }
  }
  const at = { url: entry.url.href }
  const cookies = [entry, ...(begun?.answer ? [begun.answer] : [])].flatMap(({ headers }) =>
    headers.getSetCookie(),
  )
  return {
    ...passed('sign-in', ...words),
    findings: [
      ...judgeCookies(cookies, at),
      ...(request ? judgeReturn(request.redirectUri, at) : []),
      ...(begun?.fault ? [finding('KFD0322', begun.fault, [])] : []),
      ...(await judgeLoginPage(agent, door, begun?.answer ?? entry)),
      ...(blamed ? contradicts(blamed, asked, entry) : []),
      ...single,
    ],
  }
}

interface Begun {
  readonly answer?: Answer
  readonly request?: RecognisedDoor['request']
  /** Why there is no answer. */
  readonly fault?: string
}

/** What a page with a button leads to: the releases of today show one before anything goes to the issuer. */
async function begin(visitor: Visitor, door: RecognisedDoor): Promise<Begun | undefined> {
  try {
    return await pressStart(visitor, door)
  } catch (error) {
    if (isFault(error)) return { fault: error.message }
    throw error
  }
}

/** Asks for the login page once, where it belongs to the door; nothing is filled in. */
async function judgeLoginPage(
  agent: Agent,
  { url }: RecognisedDoor,
  from: Answer,
): Promise<readonly WalkFinding[]> {
  const location = from.headers.get('location')
  // The way there is closed already.
  if (location === null && from.status >= 500) return brokenPage(from.url, from)
  const page = location === null ? null : URL.parse(location, from.url)
  if (page === null || page.origin !== url.origin) return []
  let answer: Answer
  try {
    answer = await agent.send({ url: page, headers: { accept: 'text/html' } })
  } catch (error) {
    if (!isFault(error)) throw error
    return [finding('KFD0322', error.message, [page.pathname])]
  }
  return answer.status < 400 ? [] : brokenPage(page, answer)
}

function brokenPage(page: URL, answer: Answer): readonly WalkFinding[] {
  const words = doorWords(answer) || 'without a word'
  const fix =
    'is Dex up, and does it know this client and its redirect URL? `kubectl -n auth logs deploy/dex`'
  const message = `${page.pathname} answers ${answer.status}: ${words}`
  return [finding('KFD0322', message, [words], fix), ...judgeSeen(answer)]
}
