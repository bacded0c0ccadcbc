import type { StaticPassword } from './config.ts'
import type { Environment } from './expand-env.ts'
import type { Field } from './yaml-reader.ts'

/** `staticPasswords` (cmd/dex/config.go `password`). */
export function parsePasswords(field: Field, env: Environment): StaticPassword[] {
  const seen = new Set<string>()
  return field.list().map((user) => {
    user.only([
      ...['email', 'hash', 'hashFromEnv', 'username', 'name', 'preferredUsername', 'emailVerified'],
      ...['userID', 'groups'],
    ])
    const email = user.get('email').text()
    if (email === '') user.complain('error', 'missing-field', 'has no `email`')
    else if (seen.has(email.toLowerCase())) {
      user.complain('error', 'duplicate', `has the e-mail address \`${email}\` of another user`)
    } else seen.add(email.toLowerCase())
    return {
      email,
      hash: parseHash(user, env),
      username: user.get('username').text(),
      name: user.get('name').text(),
      preferredUsername: user.get('preferredUsername').text(),
      ...(user.get('emailVerified').present ? { emailVerified: user.get('emailVerified').flag() } : {}),
      userId: user.get('userID').text(),
      groups: user.get('groups').texts(),
    }
  })
}

export const BCRYPT = /^\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}$/

function parseHash(user: Field, env: Environment): string {
  const [direct, named] = [user.get('hash'), user.get('hashFromEnv')]
  const variable = named.text()
  const hash = direct.text() || (variable === '' ? '' : (env[variable] ?? ''))
  if (hash === '') {
    const why = variable === '' ? 'has neither `hash` nor `hashFromEnv`' : `: \`${variable}\` is not set`
    user.complain('error', 'missing-field', `${why}: no password hash provided`)
    return ''
  }
  if (BCRYPT.test(hash)) return hash
  // As in Dex, the hash may be base64 of what it should be.
  const decoded = Buffer.from(hash, 'base64').toString('latin1')
  if (BCRYPT.test(decoded)) return decoded
  const field = direct.present ? direct : named
  field.complain('error', 'invalid-value', 'is not a bcrypt hash; `kfdoor hash-password` makes one')
  return ''
}
