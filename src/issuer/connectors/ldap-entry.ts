import type { Client, Entry } from 'ldapts'
import type { LdapConfig } from '../config.ts'
import type { Identity } from './connector.ts'
import { filterOf } from './ldap-client.ts'

/** What is kept to find the same person again at a refresh. */
export interface Bookmark {
  readonly login: string
  readonly dn: string
}

/** The entry as Dex reads it; an attribute that is named and missing is an error, not a gap. */
export async function identityOf(
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
