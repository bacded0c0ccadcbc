import { createHash } from 'node:crypto'
import { hash } from '@node-rs/bcrypt'
import { LineCounter, parseDocument } from 'yaml'
import { Fault } from '../base/index.ts'
import type { StaticPassword } from '../issuer/index.ts'

const cost = 10

/**
 * The people of `--users FILE`:
 *
 * ```yaml
 * users:
 * - email: ann@example.com
 *   password: correct horse      # or hash: $2b$…
 *   groups: [team-a]
 * ```
 *
 * @throws Fault ERR_MESH_INVALID, with the line of each mistake
 */
export async function parseUsers(text: string, file: string): Promise<readonly StaticPassword[]> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const refuse = (message: string, path: readonly (string | number)[] = []): never => {
    const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined
    const line = node?.range ? lines.linePos(node.range[0]).line : 1
    throw new Fault('ERR_MESH_INVALID', { problems: [`${file}:${line}: ${message}`] })
  }
  const [error] = document.errors
  if (error) {
    throw new Fault('ERR_MESH_INVALID', {
      problems: [`${file}:${lines.linePos(error.pos[0]).line}: not YAML: ${error.message.split('\n')[0]}`],
    })
  }
  const { users } = (document.toJS({ maxAliasCount: 100 }) ?? {}) as { users?: unknown }
  if (!Array.isArray(users) || users.length === 0) return refuse('`users` should be a list of people')
  return Promise.all(
    (users as Record<string, unknown>[]).map(async (user, i) => {
      const at = ['users', i]
      if (typeof user !== 'object' || user === null)
        return refuse('a user is a map with email and password', at)
      const unknown = Object.keys(user).find(
        (key) => !['email', 'password', 'hash', 'groups', 'name'].includes(key),
      )
      if (unknown) refuse(`there is no field \`${unknown}\`; use email, password or hash, groups, name`, at)
      const { email, password, groups = [], name } = user
      if (typeof email !== 'string' || email.split('@').length !== 2)
        refuse('`email` should be an address', at)
      const written = user.hash
      if ((password === undefined) === (written === undefined)) refuse('give either `password` or `hash`', at)
      if (password !== undefined && typeof password !== 'string')
        refuse('`password` should be a string; quote it', at)
      if (typeof password === 'string' && (password === '' || Buffer.byteLength(password) > 72)) {
        refuse('`password` should have 1 to 72 bytes', at)
      }
      if (written !== undefined && !/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(String(written))) {
        refuse('`hash` should be a bcrypt hash; make one with `kfdoor hash-password`', at)
      }
      if (!Array.isArray(groups) || groups.some((group) => typeof group !== 'string')) {
        refuse('`groups` should be a list of names', at)
      }
      return {
        email: email as string,
        hash: written === undefined ? await hash(password as string, { cost }) : (written as string),
        username: typeof name === 'string' ? name : ((email as string).split('@')[0] ?? ''),
        userId: stableId(email as string),
        groups: groups as string[],
      }
    }),
  )
}

/** The same person keeps the same `sub` over restarts. */
function stableId(email: string): string {
  const digest = createHash('sha256').update(email.toLowerCase()).digest('hex')
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-${digest.slice(12, 16)}-${digest.slice(16, 20)}-${digest.slice(20, 32)}`
}
