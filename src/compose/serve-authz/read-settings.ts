import { readFileSync } from 'node:fs'
import { isAddressRange } from '../../authz/index.ts'
import type { Problem } from '../../base/index.ts'
import { type Field, readYaml } from '../../issuer/index.ts'
import { parseDurationSetting } from '../../sign-in/index.ts'
import { mayBePlain } from './key-sources.ts'
import type { Overridable, Override, Overrides } from './overrides.ts'
import { readMachines } from './read-machines.ts'
import { readSessions } from './read-sessions.ts'
import { readSignIn } from './read-sign-in.ts'
import type { AuthzSettings, ListenAt } from './settings.ts'

/** What every reader of a part is handed. */
export interface Reading {
  /** A text setting: the flag's, the environment's, the file's, the default. */
  text(field: Field, name: Overridable | undefined, fallback: string): string
  optional(field: Field, name?: Overridable): string | undefined
  /** What a flag or the environment says, where the file has no field for it. */
  given(name: Overridable): string | undefined
  isOverridden(name: Overridable): boolean
  texts(field: Field, name?: Overridable): readonly string[]
  duration(field: Field, fallback: number): number
  choice<T extends string>(field: Field, name: Overridable | undefined, of: readonly T[], fallback: T): T
  /** The contents of the file a field names; undefined (and a problem) when it cannot be read. */
  contents(field: Field, path: string): string | undefined
  complain(field: Field, name: Overridable | undefined, message: string): void
}

const FIELDS = [
  'apiVersion',
  'kind',
  'listen',
  'grpcListen',
  'metricsListen',
  'probeListen',
  'pathPrefix',
  'trustedProxies',
  'scheme',
  'drain',
  'identity',
  'signIn',
  'machines',
  'sessions',
  'shadow',
  'fallback',
  'auditLog',
  'certificateAuthority',
]

/**
 * The settings of `serve authz`: one YAML document, over it the environment, over that flags. Every
 * problem is named with its line; a field nobody knows is one, for it may be a lock somebody trusts.
 */
export function readAuthzSettings(
  source: { readonly file: string; readonly text: string },
  overrides: Overrides,
): { readonly settings: AuthzSettings | undefined; readonly problems: readonly Problem[] } {
  const { root, problems } = readYaml(source.text, { file: source.file, strictFor: 'this service' })
  const reading = readingWith(overrides, problems)
  root.only(FIELDS)
  if (root.present) {
    if (root.get('apiVersion').text('kfdoor/v1alpha1') !== 'kfdoor/v1alpha1')
      root.get('apiVersion').complain('error', 'bad-setting', 'is not `kfdoor/v1alpha1`')
    if (root.get('kind').text('AuthzService') !== 'AuthzService')
      root.get('kind').complain('error', 'bad-setting', 'is not `AuthzService`')
  }
  const scheme = reading.choice(root.get('scheme'), 'scheme', ['https', 'http'], 'https')
  const pathPrefix = reading.text(root.get('pathPrefix'), 'pathPrefix', '').replace(/\/+$/, '')
  if (!/^(\/[\w.~-]+)*$/.test(pathPrefix))
    reading.complain(root.get('pathPrefix'), 'pathPrefix', 'is not a path such as `/check`')
  const trustedProxies = reading.texts(root.get('trustedProxies'), 'trustedProxies')
  for (const range of trustedProxies)
    if (!isAddressRange(range))
      reading.complain(
        root.get('trustedProxies'),
        'trustedProxies',
        `holds \`${range}\`, which is no address range`,
      )
  const identity = root.get('identity')
  identity.only(['userHeader', 'groupsHeader', 'userPrefix'])
  const grpcListen = listenAt(reading, root.get('grpcListen'), 'grpcListen')
  const metricsListen = listenAt(reading, root.get('metricsListen'), 'metricsListen')
  const probeListen = listenAt(reading, root.get('probeListen'), 'probeListen')
  const auditLog = reading.text(root.get('auditLog'), 'auditLog', '-')
  const caFile = reading.optional(root.get('certificateAuthority'), 'certificateAuthority')
  const shadow = incumbentAt(reading, root.get('shadow'), 'shadow')
  const fallback = incumbentAt(reading, root.get('fallback'), 'fallback')
  if (shadow !== undefined && fallback !== undefined)
    reading.complain(
      root.get('fallback'),
      'fallback',
      'is given beside `shadow`: who answers is one of the two',
    )
  const signIn = readSignIn(root.get('signIn'), scheme, reading)
  const settings: AuthzSettings = {
    listen: listenAt(reading, root.get('listen'), 'listen') ?? { host: '127.0.0.1', port: 9090 },
    ...(grpcListen && { grpcListen }),
    ...(metricsListen && { metricsListen }),
    ...(probeListen && { probeListen }),
    ...(shadow !== undefined && { shadow }),
    ...(fallback !== undefined && { fallback }),
    pathPrefix,
    trustedProxies,
    scheme,
    drainMs: reading.duration(root.get('drain'), 5000),
    identity: {
      user: headerName(identity.get('userHeader'), 'kubeflow-userid', reading),
      groups: headerName(identity.get('groupsHeader'), 'kubeflow-groups', reading),
      userPrefix: identity.get('userPrefix').text(''),
    },
    ...(signIn && { signIn }),
    machines: readMachines(root.get('machines'), reading),
    sessions: readSessions(root.get('sessions'), reading),
    ...(auditLog !== '' && auditLog !== 'none' && { auditLog }),
    ...(caFile !== undefined && { caFile }),
  }
  if (!signIn && settings.machines.issuers.length === 0 && !settings.machines.kubernetes)
    root.complain(
      'error',
      'missing-setting',
      'names neither a `signIn` nor an issuer of `machines`: nobody could come in',
    )
  const sound = !problems.some(({ severity }) => severity === 'error')
  return { settings: sound ? settings : undefined, problems }
}

function headerName(field: Field, standard: string, reading: Reading): string {
  const name = field.text(standard).toLowerCase()
  if (!/^[a-z0-9-]+$/.test(name)) reading.complain(field, undefined, 'is not a header name')
  return name
}

/** Cookies and tokens go there: over https, or to a name that stays inside the mesh. */
function incumbentAt(reading: Reading, field: Field, name: 'shadow' | 'fallback'): string | undefined {
  const text = reading.optional(field, name)
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash)
    reading.complain(field, name, 'is not the URL of an auth service')
  else if (url.protocol === 'http:' && !mayBePlain(url))
    reading.complain(field, name, 'would be sent cookies and tokens over plain http, outside the mesh')
  return text
}

function listenAt(reading: Reading, field: Field, name: Overridable): ListenAt | undefined {
  const text = reading.optional(field, name)
  if (text === undefined) return undefined
  const [, host = '', port = ''] = /^(?:\[?([^\]]*?)\]?:)?(\d{1,5})$/.exec(text) ?? []
  if (port === '' || Number(port) > 65_535) {
    reading.complain(field, name, `is \`${text}\`, which is not ADDRESS:PORT`)
    return undefined
  }
  return { host: host === '' ? '127.0.0.1' : host, port: Number(port) }
}

function readingWith(overrides: Overrides, problems: Problem[]): Reading {
  const given = (name: Overridable | undefined): Override | undefined => (name ? overrides[name] : undefined)
  const self: Reading = {
    text: (field, name, fallback) => given(name)?.value ?? field.text(fallback),
    optional(field, name) {
      const value = given(name)?.value ?? (field.present ? field.text() : undefined)
      return value === '' ? undefined : value
    },
    given: (name) => given(name)?.value || undefined,
    isOverridden: (name) => given(name) !== undefined,
    texts(field, name) {
      const override = given(name)
      const list = override ? override.value.split(',') : field.texts()
      return list.map((one) => one.trim()).filter(Boolean)
    },
    duration(field, fallback) {
      if (!field.present) return fallback
      const text = field.text()
      const value = /\d/.test(text) && !/^\d+$/.test(text) ? parseDurationSetting(text) : undefined
      if (value === undefined) self.complain(field, undefined, 'is not a duration such as `30s` or `24h`')
      return value ?? fallback
    },
    choice(field, name, of, fallback) {
      const text = self.text(field, name, fallback)
      const found = of.find((one) => one === text)
      if (found === undefined)
        self.complain(field, name, `is \`${text}\`, not one of ${of.map((one) => `\`${one}\``).join(', ')}`)
      return found ?? fallback
    },
    contents(field, path) {
      try {
        return readFileSync(path, 'utf8')
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unreadable'
        self.complain(field, undefined, `names \`${path}\`, which cannot be read (${code})`)
        return undefined
      }
    },
    complain(field, name, message) {
      const override = given(name)
      if (!override) return field.complain('error', 'bad-setting', message)
      problems.push({
        severity: 'error',
        code: 'bad-setting',
        message: `\`${override.from}\` ${message}`,
        at: { file: override.from.startsWith('--') ? 'command line' : 'environment', line: 1 },
      })
    },
  }
  return self
}
