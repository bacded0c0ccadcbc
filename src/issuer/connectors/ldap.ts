import { readFile } from 'node:fs/promises'
import type { Client, Entry } from 'ldapts'
import { Fault } from '../../base/index.ts'
import type { LdapConfig } from '../config.ts'
import { newId } from '../ids.ts'
import type { Identity, LoginResult, PasswordConnector } from './connector.ts'
import { createWorkQueue } from './work-queue.ts'

/** A sign-in has to end within 5 s, whatever the directory does. */
const [CONNECT_MS, OPERATION_MS, DEADLINE_MS] = [2000, 3000, 4500] as const

/** What is kept to find the same person again at a refresh. */
interface Bookmark {
  readonly login: string
  readonly dn: string
}

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

/** Dex's reading of `host`: without a port it is 389 for plain LDAP and 636 otherwise. */
export function ldapUrl(config: Pick<LdapConfig, 'host' | 'insecureNoSsl' | 'startTls'>): string {
  const scheme = config.insecureNoSsl || config.startTls ? 'ldap' : 'ldaps'
  const hasPort = /^(\[[^\]]*\]|[^:]*):\d+$/.test(config.host)
  const bare =
    config.host.includes(':') && !config.host.startsWith('[') && !hasPort ? `[${config.host}]` : config.host
  return `${scheme}://${hasPort ? config.host : `${bare}:${config.insecureNoSsl ? 389 : 636}`}`
}

async function connect(config: LdapConfig): Promise<Client> {
  const { Client } = await import('ldapts')
  const url = ldapUrl(config)
  return new Client({
    url,
    connectTimeout: CONNECT_MS,
    timeout: OPERATION_MS,
    // Directories use DNs no RFC would recognise; they come from the directory itself.
    strictDN: false,
    ...(url.startsWith('ldaps:') ? { tlsOptions: await tlsOptions(config) } : {}),
  })
}

async function tlsOptions(config: LdapConfig) {
  const ca =
    config.rootCaData ?? (config.rootCa === undefined ? undefined : await readFile(config.rootCa, 'utf8'))
  const { hostname } = new URL(ldapUrl(config).replace(/^ldaps?:/, 'http:'))
  const host = hostname.replace(/^\[|\]$/g, '')
  return {
    host,
    // An IP address is no server name (RFC 6066 §3); the certificate is checked against it anyway.
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    rejectUnauthorized: !config.insecureSkipVerify,
    ...(ca === undefined ? {} : { ca }),
    ...(config.clientCert === undefined || config.clientKey === undefined
      ? {}
      : { cert: await readFile(config.clientCert, 'utf8'), key: await readFile(config.clientKey, 'utf8') }),
  }
}

/** Whether the directory takes the password. Throws for every other answer. */
async function bindAs(client: Client, dn: string, password: string): Promise<boolean> {
  const { ConstraintViolationError, InvalidCredentialsError } = await import('ldapts')
  try {
    await client.bind(dn, password)
    return true
  } catch (error) {
    // The second is what password policies answer for a locked account.
    if (error instanceof InvalidCredentialsError || error instanceof ConstraintViolationError) return false
    throw error
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

async function filterOf(configured: string, attribute: string, value: string) {
  const { AndFilter, EqualityFilter, FilterParser } = await import('ldapts')
  const wanted = new EqualityFilter({ attribute, value: Buffer.from(value) })
  return configured === ''
    ? wanted
    : new AndFilter({ filters: [FilterParser.parseString(configured), wanted] })
}

async function identityOf(
  client: Client,
  config: LdapConfig,
  entry: Entry,
  login: string,
  wantsGroups: boolean,
): Promise<Identity> {
  const { userSearch } = config
  const missing: string[] = []
  const needed = (attribute: string) => {
    if (attribute === '') return ''
    const [value = ''] = valuesOf(entry, attribute)
    if (value === '') missing.push(attribute)
    return value
  }
  const userId = needed(userSearch.idAttr)
  const username = needed(userSearch.nameAttr)
  const preferredUsername = needed(userSearch.preferredUsernameAttr)
  const email =
    userSearch.emailSuffix === '' ? needed(userSearch.emailAttr) : `${username}@${userSearch.emailSuffix}`
  if (missing.length > 0) {
    throw new Error(`entry "${entry.dn}" missing following required attribute(s): ${missing.join(', ')}`)
  }
  const bookmark: Bookmark = { login, dn: entry.dn }
  return {
    userId,
    username,
    preferredUsername,
    email,
    emailVerified: true,
    groups: wantsGroups ? await groupsOf(client, config, entry) : [],
    connectorData: JSON.stringify(bookmark),
  }
}

async function groupsOf(client: Client, config: LdapConfig, user: Entry): Promise<string[]> {
  const { groupSearch } = config
  if (groupSearch.baseDn === '') return []
  // The connection is bound as the person by now, who may not read groups.
  await client.bind(config.bindDn, config.bindPw)
  const names: string[] = []
  for (const { userAttr, groupAttr, recursionGroupAttr } of groupSearch.userMatchers) {
    let level: Entry[] = []
    for (const value of valuesOf(user, userAttr)) {
      level.push(...(await queryGroups(client, groupSearch, groupAttr, value)))
    }
    // Groups of groups; a name seen before ends the climb, so circles end too.
    while (level.length > 0) {
      const above: Entry[] = []
      for (const group of level) {
        const [name] = valuesOf(group, groupSearch.nameAttr)
        if (name === undefined) {
          throw new Error(`group entity "${group.dn}" missing required attribute "${groupSearch.nameAttr}"`)
        }
        const known = names.includes(name)
        if (!known) names.push(name)
        if (!known && recursionGroupAttr !== '') {
          above.push(...(await queryGroups(client, groupSearch, recursionGroupAttr, group.dn)))
        }
      }
      level = above
    }
  }
  return names
}

async function queryGroups(
  client: Client,
  groupSearch: LdapConfig['groupSearch'],
  attribute: string,
  value: string,
): Promise<Entry[]> {
  const { NoSuchObjectError } = await import('ldapts')
  try {
    const { searchEntries } = await client.search(groupSearch.baseDn, {
      scope: groupSearch.scope,
      filter: await filterOf(groupSearch.filter, attribute, value),
      attributes: [groupSearch.nameAttr],
    })
    return searchEntries
  } catch (error) {
    // The base of the groups is not there: there are none.
    if (error instanceof NoSuchObjectError) return []
    throw error
  }
}

/** Attribute names have no case; `DN` is the entry's own name unless it has such an attribute. */
function valuesOf(entry: Entry, attribute: string): string[] {
  const wanted = attribute.toLowerCase()
  const [, found] =
    Object.entries(entry).find(([name]) => name !== 'dn' && name.toLowerCase() === wanted) ?? []
  if (found === undefined) return wanted === 'dn' ? [entry.dn] : []
  return (Array.isArray(found) ? found : [found])
    .map((value) => value.toString())
    .filter((value) => value !== '')
}
