import type { Client, Entry } from 'ldapts'
import { Fault } from '../../base/index.ts'
import type { LdapConfig } from '../config.ts'
import { newId } from '../ids.ts'
import type { LoginResult, PasswordConnector } from './connector.ts'
import { bindAs, connect, filterOf, tlsOptions } from './ldap-client.ts'
import { type Bookmark, identityOf } from './ldap-entry.ts'
import { createWorkQueue } from './work-queue.ts'

/** A sign-in has to end within 5 s, whatever the directory does. */
const DEADLINE_MS = 4500

/**
 * Dex's LDAP connector (connector/ldap/ldap.go): find the one entry whose `username` attribute is
 * the name that was typed, then bind as it with the password that was typed. Every sign-in has its
 * own connection, so a directory that went away is found again as soon as it is back.
 *
 * What was typed only ever travels as the value of a filter, never inside filter text or a DN
 * (RFC 4511 §4.5.1.7; the escaping of RFC 4515 never comes up).
 */
export function ldapConnector(
  id: string,
  name: string,
  config: LdapConfig,
  limits: { readonly deadlineMs?: number } = {},
): PasswordConnector {
  const queue = createWorkQueue({ running: 8, waiting: 64 })
  const deadlineMs = limits.deadlineMs ?? DEADLINE_MS

  /** Runs `work` on a connection bound as the service account, and closes it in any case. */
  const withClient = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const client = await connect(config)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => fail(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs)
    })
    try {
      return await Promise.race([
        (async () => {
          if (config.startTls && !config.insecureNoSsl) await client.startTLS(await tlsOptions(config))
          await client.bind(config.bindDn, config.bindPw)
          return work(client)
        })(),
        late,
      ])
    } catch (error) {
      const reason = error instanceof Error ? error.message || error.name : String(error)
      throw new Fault('ERR_DIRECTORY_FAILED', { connector: id, host: config.host, reason }, { cause: error })
    } finally {
      clearTimeout(timer)
      client.unbind().catch(() => {})
    }
  }

  return {
    id,
    name,
    type: 'ldap',
    prompt: config.usernamePrompt || 'Username',
    async login(login, password, wants): Promise<LoginResult> {
      // A bind without a password succeeds for everybody (RFC 4513 §5.1.2): never ask.
      if (login === '' || password === '') return { kind: 'wrong' }
      // OpenLDAP drops such characters when it compares: two spellings would be one person.
      if (/\p{Cc}/u.test(login)) return { kind: 'wrong' }
      const answer = queue.run(() =>
        withClient(async (client): Promise<LoginResult> => {
          const entry = await findUser(client, config, login)
          // A name nobody has costs the same round trips as a wrong password.
          const dn = entry?.dn ?? `cn=${newId()},${config.userSearch.baseDn}`
          const bound = await bindAs(client, dn, entry ? password : newId())
          if (!entry || !bound) return { kind: 'wrong' }
          return { kind: 'in', identity: await identityOf(client, config, entry, login, wants.groups) }
        }),
      )
      return answer === undefined ? { kind: 'busy', retryAfter: 2 } : answer
    },
    async refresh(identity, wants) {
      const { login, dn } = JSON.parse(identity.connectorData ?? '{}') as Partial<Bookmark>
      if (login === undefined) return undefined
      const answer = queue.run(() =>
        withClient(async (client) => {
          const entry = await findUser(client, config, login)
          // Another entry under the same name is another person.
          if (!entry || entry.dn !== dn) return undefined
          return identityOf(client, config, entry, login, wants.groups)
        }),
      )
      if (answer === undefined)
        throw new Fault('ERR_DIRECTORY_FAILED', {
          connector: id,
          host: config.host,
          reason: 'too many requests at once',
        })
      return answer
    },
  }
}

async function findUser(client: Client, config: LdapConfig, login: string): Promise<Entry | undefined> {
  const { userSearch, groupSearch } = config
  const attributes = [
    userSearch.idAttr,
    userSearch.emailAttr,
    userSearch.nameAttr,
    userSearch.preferredUsernameAttr,
    ...groupSearch.userMatchers.map(({ userAttr }) => userAttr),
  ].filter((one) => one !== '' && one.toLowerCase() !== 'dn')
  const { searchEntries } = await client.search(userSearch.baseDn, {
    scope: userSearch.scope,
    filter: await filterOf(userSearch.filter, userSearch.username, login),
    attributes: [...new Set(attributes)],
    // Two are enough to know that it is not one.
    sizeLimit: 2,
  })
  if (searchEntries.length > 1) throw new Error('the filter returned multiple results')
  return searchEntries[0]
}
