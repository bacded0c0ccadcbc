import { type Problem, parseGoDuration } from '../base/index.ts'
import type { ConnectorConfig, DexClient, DexConfig } from './config.ts'
import type { Environment } from './expand-env.ts'
import { parseLdap } from './parse-ldap.ts'
import { parsePasswords } from './parse-passwords.ts'
import { type Field, readYaml, type Source } from './yaml-reader.ts'

export interface ParsedConfig {
  /** Undefined when an error leaves nothing to serve. */
  readonly config: DexConfig | undefined
  /** In the order of the text. */
  readonly problems: readonly Problem[]
}

const HOUR = 3_600_000

/**
 * Reads Dex's own configuration file (cmd/dex/config.go). `env` is the environment of the Dex
 * container: `secretEnv`, `idEnv` and `hashFromEnv` name its variables, and connector fields may
 * hold `$VAR`. What only matters to a real Dex (storage, web, grpc, telemetry, logger) is accepted
 * and has no effect.
 *
 * @example
 * const { config, problems } = parseDexConfig(text, { OIDC_CLIENT_SECRET: '…' }, { file: 'dex.yaml' })
 */
export function parseDexConfig(
  text: string,
  env: Environment = {},
  source: Source = { file: 'config.yaml' },
): ParsedConfig {
  const { root, problems } = readYaml(text, source)
  if (problems.length > 0) return { config: undefined, problems }
  root.only([
    ...['issuer', 'storage', 'web', 'telemetry', 'oauth2', 'grpc', 'expiry', 'logger', 'frontend'],
    ...['signer', 'connectors', 'staticClients', 'enablePasswordDB', 'staticPasswords'],
  ])

  const issuer = parseIssuer(root.get('issuer'))
  const passwordDb = root.get('enablePasswordDB').flag()
  const passwords = parsePasswords(root.get('staticPasswords'), env)
  if (!passwordDb && passwords.length > 0) {
    root
      .get('staticPasswords')
      .complain(
        'error',
        'invalid-value',
        'needs `enablePasswordDB: true`: cannot specify static passwords without it',
      )
  }
  const connectors = parseConnectors(root.get('connectors'), env)
  if (passwordDb) connectors.push({ kind: 'local', id: 'local', name: 'Email' })
  if (connectors.length === 0) {
    root.complain(
      'error',
      'missing-field',
      'names no connectors and has no password database: nobody could sign in',
    )
  }

  const config: DexConfig = {
    issuer,
    clients: parseClients(root.get('staticClients'), env),
    connectors,
    passwords,
    oauth2: parseOauth2(root.get('oauth2'), connectors),
    expiry: parseExpiry(root.get('expiry')),
    frontendIssuer: root.get('frontend').get('issuer').text('dex'),
  }
  problems.sort((a, b) => a.at.line - b.at.line)
  const broken = problems.some(({ severity }) => severity === 'error')
  return { config: broken ? undefined : config, problems }
}

function parseIssuer(field: Field): string {
  const issuer = field.text()
  if (issuer === '') {
    field.complain('error', 'missing-field', 'is missing: no issuer specified in config file')
  } else if (!URL.canParse(issuer) || !/^https?:$/.test(new URL(issuer).protocol)) {
    field.complain('error', 'invalid-value', `has to be an http or https URL, not \`${issuer}\``)
  }
  return issuer
}

function parseClients(field: Field, env: Environment): DexClient[] {
  const seen = new Set<string>()
  return field.list().map((client) => {
    client.only([
      'id',
      'idEnv',
      'secret',
      'secretEnv',
      'name',
      'redirectURIs',
      'public',
      'trustedPeers',
      'logoURL',
    ])
    const isPublic = client.get('public').flag()
    const id = valueOrEnv(client, 'id', 'idEnv', env)
    const secret = valueOrEnv(client, 'secret', 'secretEnv', env)
    if (id === '') client.complain('error', 'missing-field', 'has neither `id` nor `idEnv`')
    else if (seen.has(id)) client.complain('error', 'duplicate', `has the id \`${id}\` of another client`)
    else seen.add(id)
    if (secret === '' && !isPublic) {
      client.complain('error', 'missing-field', 'has neither `secret` nor `secretEnv`, and is not public')
    }
    return {
      id,
      secret,
      name: client.get('name').text(),
      redirectUris: client.get('redirectURIs').texts(),
      public: isPublic,
      trustedPeers: client.get('trustedPeers').texts(),
    }
  })
}

/** A value, or the name of the variable that holds it; both at once is an error, as in Dex. */
function valueOrEnv(parent: Field, key: string, envKey: string, env: Environment): string {
  const [direct, named] = [parent.get(key), parent.get(envKey)]
  const variable = named.text()
  if (variable === '') return direct.text()
  if (direct.text() !== '') {
    named.complain('error', 'invalid-value', `and \`${key}\` exclude each other`)
    return ''
  }
  const value = env[variable] ?? ''
  if (value === '') named.complain('error', 'missing-variable', `names \`${variable}\`, which is not set`)
  return value
}

function parseConnectors(field: Field, env: Environment): ConnectorConfig[] {
  const seen = new Set<string>()
  return field.list().flatMap((one): ConnectorConfig[] => {
    one.only(['type', 'name', 'id', 'config', 'grantTypes'])
    const [type, name, id] = ['type', 'name', 'id'].map((key) => {
      const value = one.get(key).text()
      if (value === '') one.complain('error', 'missing-field', `has no \`${key}\``)
      return value
    }) as [string, string, string]
    if (id !== '' && seen.has(id))
      one.complain('error', 'duplicate', `has the id \`${id}\` of another connector`)
    seen.add(id)
    if (type === 'ldap') return [{ kind: 'ldap', id, name, ldap: parseLdap(one.get('config'), env) }]
    if (type === 'local') {
      one.complain(
        'error',
        'invalid-value',
        'cannot be of type `local`; say `enablePasswordDB: true` instead',
      )
      return []
    }
    if (type !== '') {
      one
        .get('type')
        .complain(
          'warning',
          'unsupported',
          `\`${type}\` signs people in elsewhere; nobody can use it at this door`,
        )
    }
    return [{ kind: 'elsewhere', id, name, type }]
  })
}

function parseOauth2(field: Field, connectors: readonly ConnectorConfig[]): DexConfig['oauth2'] {
  field.only([
    ...['grantTypes', 'responseTypes', 'skipApprovalScreen', 'alwaysShowLoginScreen', 'passwordConnector'],
    'pkce',
  ])
  const types = field.get('responseTypes').list()
  for (const type of types) {
    if (
      !type
        .text()
        .split(' ')
        .every((one) => ['code', 'token', 'id_token'].includes(one))
    ) {
      type.complain('error', 'invalid-value', `is \`${type.text()}\`, an unsupported response_type`)
    }
  }
  const password = field.get('passwordConnector')
  const id = password.text()
  if (id !== '' && !connectors.some((one) => one.id === id)) {
    password.complain('error', 'invalid-value', `names \`${id}\`, which is no connector`)
  }
  return {
    skipApprovalScreen: field.get('skipApprovalScreen').flag(),
    alwaysShowLoginScreen: field.get('alwaysShowLoginScreen').flag(),
    responseTypes: types.length > 0 ? types.map((type) => type.text()) : ['code'],
    grantTypes: field.get('grantTypes').texts(),
    ...(id === '' ? {} : { passwordConnector: id }),
  }
}

function parseExpiry(field: Field): DexConfig['expiry'] {
  field.only(['signingKeys', 'idTokens', 'authRequests', 'deviceRequests', 'refreshTokens'])
  const refresh = field.get('refreshTokens')
  refresh.only(['disableRotation', 'reuseInterval', 'absoluteLifetime', 'validIfNotUsedFor'])
  return {
    idTokens: duration(field.get('idTokens'), 24 * HOUR),
    signingKeys: duration(field.get('signingKeys'), 6 * HOUR),
    authRequests: duration(field.get('authRequests'), 24 * HOUR),
    deviceRequests: duration(field.get('deviceRequests'), HOUR / 12),
    refreshTokens: {
      rotate: !refresh.get('disableRotation').flag(),
      reuseInterval: duration(refresh.get('reuseInterval'), 0),
      absoluteLifetime: duration(refresh.get('absoluteLifetime'), 0),
      validIfNotUsedFor: duration(refresh.get('validIfNotUsedFor'), 0),
    },
  }
}

function duration(field: Field, fallback: number): number {
  const text = field.text()
  if (text === '') return fallback
  const milliseconds = parseGoDuration(text)
  if (milliseconds !== undefined && milliseconds >= 0) return milliseconds
  field.complain('error', 'invalid-value', `is \`${text}\`, not a duration such as \`24h\` or \`10m\``)
  return fallback
}
