import type { StaticPassword } from '../config.ts'
import type { Identity, LoginResult, PasswordConnector } from './connector.ts'
import { createWorkQueue } from './work-queue.ts'

/** bcrypt costs Dex signs in with (server/api.go `checkCost`). */
const [LOWEST_COST, HIGHEST_COST] = [10, 16]

/**
 * Dex's password database: people sign in with their e-mail address, in any case. A hash costs
 * about 0.2 s of one thread by design, so few are computed at once, off the main thread, and no
 * more wait than are answered within seconds.
 */
export function passwordDb(
  passwords: readonly StaticPassword[],
  options: { readonly name?: string } = {},
): PasswordConnector {
  const users = new Map(passwords.map((one) => [one.email.toLowerCase(), one]))
  const queue = createWorkQueue({ running: 2, waiting: 32 })
  const costs = passwords.map((one) => costOf(one.hash)).filter((cost) => cost <= HIGHEST_COST)
  // Checked when the user is unknown, so that the answer takes as long as for a known one. The
  // digest is of no password anybody has: 31 characters that no bcrypt output encodes.
  const decoy = `$2b$${String(Math.max(LOWEST_COST, ...costs)).padStart(2, '0')}$${'.'.repeat(21)}u${'.'.repeat(30)}u`

  return {
    id: 'local',
    name: options.name ?? 'Email',
    type: 'local',
    prompt: 'Email Address',
    async login(name, password): Promise<LoginResult> {
      const user = users.get(name.toLowerCase())
      if (user) checkCost(user.hash)
      const checked = queue.run(async () => {
        const { verify } = await import('@node-rs/bcrypt')
        return verify(password, user?.hash ?? decoy)
      })
      if (checked === undefined) return { kind: 'busy', retryAfter: 2 }
      const good = await checked
      return good && user ? { kind: 'in', identity: identityOf(user) } : { kind: 'wrong' }
    },
    async refresh(identity) {
      const user = users.get(identity.email.toLowerCase())
      // Removed, or replaced by another user with the same address.
      return user && user.userId === identity.userId ? identityOf(user) : undefined
    },
  }
}

function identityOf(user: StaticPassword): Identity {
  return {
    userId: user.userId,
    username: user.name || user.username,
    preferredUsername: user.preferredUsername ?? '',
    email: user.email,
    emailVerified: user.emailVerified ?? true,
    groups: user.groups,
  }
}

function checkCost(hash: string): void {
  const cost = costOf(hash)
  if (cost < LOWEST_COST) {
    throw new Error(`given hash cost = ${cost} does not meet minimum cost requirement = ${LOWEST_COST}`)
  }
  if (cost > HIGHEST_COST) {
    throw new Error(
      `given hash cost = ${cost} is above upper bound cost = ${HIGHEST_COST}, recommended cost = 12`,
    )
  }
}

function costOf(hash: string): number {
  return Number(/^\$2[abxy]?\$(\d\d)\$/.exec(hash)?.[1] ?? 0)
}
