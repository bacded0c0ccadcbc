import type { Problem } from '../base/index.ts'
import type { DexConfig, StaticPassword } from './config.ts'
import { BCRYPT } from './parse-passwords.ts'
import { readYaml, type Source } from './yaml-reader.ts'

export interface ParsedUsers {
  readonly users: readonly StaticPassword[]
  readonly problems: readonly Problem[]
}

/** bcrypt cost of a password written down in the clear; Dex's recommended one. */
const COST = 12

/**
 * Reads a file of users, for a door that needs no Dex configuration: a list, or a mapping with
 * `users`, of `email`, `password` or `hash`, and if wanted `username`, `name`, `groups`. A password
 * in the clear is hashed at once and forgotten.
 *
 * @example
 * const { users } = await parseUsersFile('- {email: me@example.com, password: secret, groups: [team-a]}')
 */
export async function parseUsersFile(
  text: string,
  source: Source = { file: 'users.yaml' },
): Promise<ParsedUsers> {
  const { root, problems } = readYaml(text, source)
  if (problems.length > 0) return { users: [], problems }
  const wrapped = root.isMapping ? root.get('users') : root
  if (root.isMapping) root.only(['users'])
  const seen = new Set<string>()
  const users: StaticPassword[] = []
  for (const user of wrapped.list()) {
    // One complaint about a field of the wrong type is enough.
    const before = problems.length
    user.only(['email', 'password', 'hash', 'username', 'name', 'groups'])
    const email = user.get('email').text()
    const password = user.get('password').text()
    let hash = user.get('hash').text()
    if (!/^[^\s@]+@[^\s@]+$/.test(email)) {
      user.complain(
        'error',
        'missing-field',
        email === '' ? 'has no `email`' : `has no e-mail address but \`${email}\``,
      )
    } else if (seen.has(email.toLowerCase())) {
      user.complain('error', 'duplicate', `has the e-mail address \`${email}\` of another user`)
    }
    seen.add(email.toLowerCase())
    if (problems.length === before && (password === '') === (hash === '')) {
      user.complain('error', 'missing-field', 'needs either `password` or `hash`')
    } else if (hash !== '' && !BCRYPT.test(hash)) {
      user
        .get('hash')
        .complain('error', 'invalid-value', 'is not a bcrypt hash; `kfdoor hash-password` makes one')
    } else if (password !== '') {
      const bcrypt = await import('@node-rs/bcrypt')
      hash = await bcrypt.hash(password, { cost: COST })
    }
    const username = user.get('username').text() || (email.split('@', 1)[0] as string)
    users.push({
      email,
      hash,
      username,
      name: user.get('name').text(),
      // Stable across restarts, for tokens name the user by it.
      userId: email.toLowerCase(),
      groups: user.get('groups').texts(),
    })
  }
  problems.sort((a, b) => a.at.line - b.at.line)
  if (users.length === 0) root.complain('error', 'missing-field', 'names no users')
  return { users: problems.some(({ severity }) => severity === 'error') ? [] : users, problems }
}

/** A configuration in which these users, and nobody else of the password database, sign in. */
export function withUsers(config: DexConfig, users: readonly StaticPassword[]): DexConfig {
  const local = { kind: 'local', id: 'local', name: 'Email' } as const
  const connectors = config.connectors.some(({ id }) => id === 'local')
    ? config.connectors
    : [...config.connectors, local]
  return { ...config, passwords: users, connectors }
}
