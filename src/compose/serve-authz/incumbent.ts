import type { SignIn, SignInAnswer } from '../../authz/index.ts'
import type { Check, CheckAnswer, HeaderList } from '../../policy/index.ts'

/** Asks the auth service that was there before; no answer is a failure, not a rejection. */
export type AskIncumbent = (check: Check) => Promise<CheckAnswer>

export interface IncumbentPorts {
  readonly ask: AskIncumbent
  /** Paths of the sign-in itself. */
  readonly isOwnPath: (path: string) => boolean
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void
}

/** What an auth service says of somebody to the upstream; nothing else of its answer goes on. */
const IDENTITY =
  /^(authorization|kubeflow-userid|kubeflow-groups|auth-method|gap-auth|x-auth-request-[a-z-]+|x-forwarded-(user|email|groups|preferred-username))$/
const WHO = ['kubeflow-userid', 'x-auth-request-email', 'gap-auth', 'x-auth-request-user']

const headerOf = (headers: HeaderList, name: string) =>
  headers.find(([one]) => one.toLowerCase() === name)?.[1]
const pathOf = (target: string) => target.split(/[?#]/, 1)[0] ?? ''
const isAdmitted = ({ status, failure }: CheckAnswer) => failure === undefined && status === 200

/** An answer of the old one as one of ours: who it lets in, or what it shows. */
function ofIncumbent(answer: CheckAnswer, own: boolean): SignInAnswer {
  const { status, headers, body } = answer
  if (answer.failure !== undefined) return { status: 503, headers: [], about: { kind: 'unavailable' } }
  if (own || status !== 200) {
    // `connection` and the like belong to the line it came on.
    const shown = headers.filter(
      ([name]) => !/^(connection|keep-alive|transfer-encoding|content-length|date)$/i.test(name),
    )
    return { status, headers: shown, ...(body !== undefined && { body }) }
  }
  const identity = headers.filter(([name]) => IDENTITY.test(name.toLowerCase()))
  const userId = WHO.map((name) => headerOf(identity, name)).find((one) => one)
  if (userId === undefined) return { status, headers: [], about: { kind: 'exempt' } }
  const groups = headerOf(identity, 'kubeflow-groups') ?? headerOf(identity, 'x-auth-request-groups') ?? ''
  return {
    status,
    headers: identity,
    about: { kind: 'admitted', by: 'cookie', user: { userId, groups: groups.split(',').filter(Boolean) } },
  }
}

/**
 * `--fallback`: whom we do not know is put to the old service, and let in where it lets in; so nobody
 * is signed out while the seats change. New sign-ins are ours, and so is every refusal.
 */
export function withFallback(ours: SignIn, ports: IncumbentPorts): SignIn {
  return {
    async check(check) {
      const answer = await ours.check(check)
      // Somebody who shows nothing has no session there either.
      const shows = check.headers.some(
        ([name, value]) =>
          (name === 'cookie' || name === 'authorization' || name === 'x-auth-token') && value !== '',
      )
      if (!shows) return answer
      const path = pathOf(check.path)
      if (ports.isOwnPath(path) || path === '/logout') {
        const ends = /\/(sign_out|logout)$/.test(path)
        if (!ends && answer.status !== 401) return answer
        const theirs = await ports.ask(check)
        // Signed out here and there; what we could not end, they did, and say so.
        return answer.status < 400 || theirs.failure !== undefined || theirs.status >= 400
          ? answer
          : ofIncumbent(theirs, true)
      }
      if (answer.about?.kind !== 'nobody') return answer
      const theirs = await ports.ask(check)
      if (!isAdmitted(theirs)) return answer
      const found = ofIncumbent(theirs, false)
      // An exemption of theirs is none of ours.
      return found.about?.kind === 'admitted' ? found : answer
    },
  }
}

/** What a caller would see differently; empty = nothing. Values are not in it. */
function differences(ours: SignInAnswer, theirs: CheckAnswer): readonly string[] {
  const found: string[] = []
  if (ours.status !== theirs.status) found.push(`status ${ours.status} instead of ${theirs.status}`)
  const location = (answer: CheckAnswer) => {
    const text = headerOf(answer.headers, 'location')
    return text === undefined ? undefined : text.split('?', 1)[0]
  }
  if (location(ours) !== location(theirs))
    found.push(`location \`${location(ours) ?? 'none'}\` instead of \`${location(theirs) ?? 'none'}\``)
  const kind = (answer: CheckAnswer) => headerOf(answer.headers, 'content-type')?.split(';', 1)[0]?.trim()
  if (ours.status >= 300 && ours.status === theirs.status && kind(ours) !== kind(theirs))
    found.push(`content type \`${kind(ours) ?? 'none'}\` instead of \`${kind(theirs) ?? 'none'}\``)
  if (ours.status === 200 && theirs.status === 200) {
    const names = (answer: CheckAnswer) =>
      new Map(
        answer.headers
          .map(([name, value]) => [name.toLowerCase(), value] as const)
          .filter(([name]) => IDENTITY.test(name)),
      )
    const [mine, other] = [names(ours), names(theirs)]
    for (const name of new Set([...mine.keys(), ...other.keys()]))
      if (mine.get(name) !== other.get(name))
        found.push(
          mine.has(name)
            ? other.has(name)
              ? `another ${name}`
              : `${name}, which it does not send`
            : `no ${name}`,
        )
  }
  return found
}

/**
 * `--shadow`: the old service answers, and where ours would have answered otherwise, the log says so.
 * The sign-in's own paths are not rehearsed: a code is good once. A session of the old one is one that
 * we cannot know, so whom it lets in by a cookie is counted and not compared.
 */
export function withShadow(ours: SignIn, ports: IncumbentPorts): SignIn {
  return {
    async check(check) {
      const own = ports.isOwnPath(pathOf(check.path))
      const [answer, theirs] = await Promise.all([own ? undefined : ours.check(check), ports.ask(check)])
      if (answer && theirs.failure === undefined) {
        const bySession =
          isAdmitted(theirs) && answer.about?.kind === 'nobody' && headerOf(check.headers, 'cookie')
        const what = bySession ? [] : differences(answer, theirs)
        if (what.length > 0)
          ports.log('shadow-difference', {
            method: check.method,
            path: pathOf(check.path).slice(0, 512),
            what,
          })
      }
      return ofIncumbent(theirs, own)
    },
  }
}
