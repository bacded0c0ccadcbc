import type { LdapConfig } from './config.ts'
import { type Environment, expandEnv } from './expand-env.ts'
import type { Field } from './yaml-reader.ts'

const FIELDS = [
  ...['host', 'insecureNoSSL', 'insecureSkipVerify', 'startTLS', 'rootCA', 'clientCert', 'clientKey'],
  ...['rootCAData', 'bindDN', 'bindPW', 'usernamePrompt', 'userSearch', 'groupSearch'],
]
const USER_FIELDS = [
  ...['baseDN', 'filter', 'username', 'scope', 'idAttr', 'emailAttr', 'nameAttr', 'preferredUsernameAttr'],
  'emailSuffix',
]
const GROUP_FIELDS = [
  ...['baseDN', 'filter', 'scope', 'userAttr', 'groupAttr', 'recursionGroupAttr', 'userMatchers', 'nameAttr'],
]

/** A connector's `config` of type `ldap` (connector/ldap/ldap.go `Config`), `$VAR` expanded. */
export function parseLdap(field: Field, env: Environment): LdapConfig {
  field.only(FIELDS)
  const say = (one: Field) => expandEnv(one.text(), env)
  const optional = (key: string, name: string) => {
    const value = say(field.get(key))
    return value === '' ? {} : { [name]: value }
  }
  const user = field.get('userSearch')
  user.only(USER_FIELDS)
  const group = field.get('groupSearch')
  group.only(GROUP_FIELDS)
  for (const needed of [field.get('host'), user.get('baseDN'), user.get('username')]) {
    if (say(needed) === '')
      needed.complain('error', 'missing-field', 'is missing: an ldap connector needs it')
  }

  const rootCaData = say(field.get('rootCAData'))
  const matchers = group.get('userMatchers').list()
  const matcherOf = (one: Field) => {
    if (one !== group) one.only(['userAttr', 'groupAttr', 'recursionGroupAttr'])
    return {
      userAttr: say(one.get('userAttr')),
      groupAttr: say(one.get('groupAttr')),
      recursionGroupAttr: say(one.get('recursionGroupAttr')),
    }
  }
  return {
    host: say(field.get('host')),
    insecureNoSsl: field.get('insecureNoSSL').flag(),
    insecureSkipVerify: field.get('insecureSkipVerify').flag(),
    startTls: field.get('startTLS').flag(),
    ...optional('rootCA', 'rootCa'),
    ...(rootCaData === '' ? {} : { rootCaData: Buffer.from(rootCaData, 'base64').toString('utf8') }),
    ...optional('clientCert', 'clientCert'),
    ...optional('clientKey', 'clientKey'),
    bindDn: say(field.get('bindDN')),
    bindPw: say(field.get('bindPW')),
    usernamePrompt: say(field.get('usernamePrompt')),
    userSearch: {
      baseDn: say(user.get('baseDN')),
      filter: say(user.get('filter')),
      username: say(user.get('username')),
      scope: scopeOf(user.get('scope')),
      idAttr: say(user.get('idAttr')) || 'uid',
      emailAttr: say(user.get('emailAttr')) || 'mail',
      nameAttr: say(user.get('nameAttr')),
      preferredUsernameAttr: say(user.get('preferredUsernameAttr')),
      emailSuffix: say(user.get('emailSuffix')),
    },
    groupSearch: {
      baseDn: say(group.get('baseDN')),
      filter: say(group.get('filter')),
      scope: scopeOf(group.get('scope')),
      // The pair beside `userMatchers` is the older spelling of a single one.
      userMatchers: matchers.length > 0 ? matchers.map(matcherOf) : [matcherOf(group)],
      nameAttr: say(group.get('nameAttr')),
    },
  }
}

function scopeOf(field: Field): 'sub' | 'one' {
  const scope = field.text('sub') || 'sub'
  if (scope === 'sub' || scope === 'one') return scope
  field.complain('error', 'invalid-value', `is \`${scope}\`; it has to be sub or one`)
  return 'sub'
}
