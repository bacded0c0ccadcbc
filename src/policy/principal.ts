/** Who asks: `anonymous`, `user:EMAIL`, `sa:NS/NAME`, `mesh:NS/SA`, `outside`; `+forged` on any. */
export type Principal = {
  /** Also sends every identity header, as `admin@example.com`. */
  readonly forged: boolean
} & (
  | { readonly kind: 'anonymous' | 'outside' }
  | { readonly kind: 'user'; readonly email: string; readonly groups: readonly string[] }
  | {
      readonly kind: 'service-account'
      readonly namespace: string
      readonly name: string
      readonly audience?: string
      readonly issuer?: string
      /** The token ran out long ago. */
      readonly expired?: true
    }
  | { readonly kind: 'mesh'; readonly namespace: string; readonly name: string }
)

/**
 * undefined = none of the forms.
 *
 * @example
 * parsePrincipal('user:user@example.com,groups=a+b')
 */
export function parsePrincipal(source: string): Principal | undefined {
  const forged = source.endsWith('+forged')
  const text = forged ? source.slice(0, -'+forged'.length) : source
  if (text === 'anonymous' || text === 'outside') return { kind: text, forged }
  const colon = text.indexOf(':')
  const [subject = '', ...settings] = text.slice(colon + 1).split(',')
  const given = new Map<string, string>()
  for (const setting of settings) {
    const equals = setting.indexOf('=')
    if (equals < 1) return undefined
    given.set(setting.slice(0, equals), setting.slice(equals + 1))
  }
  const known = (...names: readonly string[]) => [...given.keys()].every((name) => names.includes(name))
  switch (colon === -1 ? '' : text.slice(0, colon)) {
    case 'user':
      if (!subject.includes('@') || !known('groups')) return undefined
      return { kind: 'user', email: subject, groups: given.get('groups')?.split('+') ?? [], forged }
    case 'sa': {
      const account = /^([^/]+)\/([^/]+)$/.exec(subject)
      if (account === null || !known('aud', 'iss', 'exp')) return undefined
      if (given.has('exp') && given.get('exp') !== 'past') return undefined
      const [audience, issuer] = [given.get('aud'), given.get('iss')]
      return {
        kind: 'service-account',
        namespace: account[1] as string,
        name: account[2] as string,
        ...(audience !== undefined && { audience }),
        ...(issuer !== undefined && { issuer }),
        ...(given.has('exp') && { expired: true }),
        forged,
      }
    }
    case 'mesh': {
      const account = /^([^/]+)\/([^/]+)$/.exec(subject)
      if (account === null || given.size > 0) return undefined
      return { kind: 'mesh', namespace: account[1] as string, name: account[2] as string, forged }
    }
    default:
      return undefined
  }
}

/** The one spelling a CGI or WSGI server makes of a header's name: `Kubeflow_UserID` is `kubeflow-userid` there. */
export const foldHeaderName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '-')

/** Headers doors and applications take an identity from. */
export const identityHeaders: readonly string[] = [
  'kubeflow-userid',
  'kubeflow-groups',
  'x-auth-request-user',
  'x-auth-request-email',
  'x-auth-request-groups',
  'x-auth-request-preferred-username',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-remote-user',
]
