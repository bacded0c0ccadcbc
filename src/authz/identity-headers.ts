import { foldHeaderName as folded, type HeaderList } from '../policy/index.ts'

/** The headers workloads of a Kubeflow read a person from, whoever wrote them. */
const KNOWN = [
  'kubeflow-userid',
  'kubeflow-groups',
  'x-auth-request-user',
  'x-auth-request-email',
  'x-auth-request-groups',
  'x-auth-request-preferred-username',
  'x-auth-request-access-token',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-preferred-username',
  'x-forwarded-access-token',
  'x-remote-user',
  'x-remote-group',
  'remote-user',
  'impersonate-user',
  'impersonate-group',
  'x-goog-authenticated-user-email',
  'auth-method',
  'gap-auth',
] as const

export interface IdentityNames {
  /** `kubeflow-userid` */
  readonly user: string
  /** `kubeflow-groups` */
  readonly groups: string
  /** Written before the user, as `USERID_PREFIX`. */
  readonly userPrefix: string
}

export interface IdentityHeaders {
  /** What names this person, both headers always. */
  of(user: string, groups: readonly string[]): HeaderList
  /**
   * What has to be taken out of a request that goes on with `set`: every identity header that is
   * not set, and every other spelling of one that the request came with.
   */
  toRemove(set: HeaderList, came: HeaderList): readonly string[]
}

export function identityHeaders(names: IdentityNames): IdentityHeaders {
  const all = new Set<string>([...KNOWN, names.user, names.groups].map((name) => name.toLowerCase()))
  const folds = new Set([...all].map(folded))
  // Over HTTP a proxy tells of few headers, so the other spelling of each is taken out unseen (CVE-2025-64484).
  const underscored = [...all].filter((name) => name.includes('-')).map((name) => name.replaceAll('-', '_'))
  // Made once for each list that is used again and again, and for the few combinations of names.
  const known = new WeakMap<HeaderList, readonly string[]>()
  const lists = new Map<string, readonly string[]>()
  const remaining = (set: HeaderList): readonly string[] => {
    let list = known.get(set)
    if (list !== undefined) return list
    const has = new Set(set.map(([name]) => name))
    const key = [...has].join(' ')
    list = lists.get(key) ?? [...[...all].filter((name) => !has.has(name)), ...underscored]
    if (lists.size < 64) lists.set(key, list)
    known.set(set, list)
    return list
  }
  // A token that was never seen sets a new list, and always of these two.
  const ofOwn = remaining([
    [names.user, ''],
    [names.groups, ''],
  ])
  const isOwn = (set: HeaderList) =>
    set.length === 2 && set[0]?.[0] === names.user && set[1]?.[0] === names.groups
  /** Whether a name is another spelling of an identity header; clients make names up, so bounded. */
  const spellings = new Map<string, boolean>()
  const isSpelling = (name: string): boolean => {
    let answer = spellings.get(name)
    if (answer === undefined) {
      answer = !all.has(name) && !underscored.includes(name) && folds.has(folded(name))
      if (spellings.size > 1024) spellings.clear()
      // A copy: a name that was cut out of a message would keep the message.
      spellings.set(Buffer.from(name, 'latin1').toString('latin1'), answer)
    }
    return answer
  }
  return {
    of: (user, groups) => [
      [names.user, headerText(names.userPrefix + user)],
      [names.groups, headerText(groups.join(','))],
    ],
    toRemove(set, came) {
      const list = isOwn(set) ? ofOwn : remaining(set)
      let more: string[] | undefined
      for (const [name] of came) {
        if (!isSpelling(name)) continue
        more ??= []
        more.push(name)
      }
      return more ? [...list, ...more] : list
    },
  }
}

/** UTF-8, one char per byte: what Node's sockets write, and what Go's and Envoy's readers expect. */
function headerText(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the ASCII range
  return /^[\u0000-\u007f]*$/.test(value) ? value : Buffer.from(value, 'utf8').toString('latin1')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const UNFIT = /[\u0000-\u001f\u007f]/

/** Whether a name may stand in an identity header: nothing that ends the line, nothing empty. */
export const isFitName = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= 1024 && !UNFIT.test(value)
