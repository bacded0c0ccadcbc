/** Settings of Dex and of the auth service beside it, as far as they are compared, or a session depends on them. */
import type { At } from '../base/index.ts'
import { containerEnvironment, type Mesh, type Workload } from '../mesh/index.ts'

export interface Setting {
  readonly value: string
  readonly at: At
}

/** A YAML or TOML text inside a ConfigMap, with the line it begins on. */
interface Embedded {
  readonly text: string
  readonly at: At
}

function embedded(mesh: Mesh, name: RegExp, key: string): Embedded | undefined {
  for (const config of mesh.configMaps) {
    const text = config.data[key]
    if (name.test(config.name) && text !== undefined) {
      return { text: withoutComments(text), at: config.dataAt[key] ?? config.at }
    }
  }
  // Their Helm charts keep the same file in a Secret.
  for (const secret of mesh.secrets) {
    const text = secret.data[key]
    if (name.test(secret.name) && text !== undefined) return { text: withoutComments(text), at: secret.at }
  }
  return undefined
}

/** Lines that are a comment whole, of YAML and of TOML, blanked so that nothing in them counts. */
function withoutComments(text: string): string {
  return text.replace(/^\s*#.*$/gm, '')
}

export function dexConfig(mesh: Mesh): Embedded | undefined {
  return embedded(mesh, /^dex(-|$)/, 'config.yaml')
}

/** `issuer:` of the file Dex is started with; undefined also where its environment says it. */
export function dexIssuer(mesh: Mesh): Setting | undefined {
  const config = dexConfig(mesh)
  const found = config && /^issuer:\s*['"]?([^\s'"#]+)/m.exec(config.text)
  const value = found?.[1]
  if (config === undefined || value === undefined || /\$|\{\{/.test(value)) return undefined
  return { value, at: config.at }
}

export interface AuthService {
  readonly kind: 'oauth2-proxy' | 'authservice'
  readonly workload: Workload
  /** A setting by its oauth2-proxy name or its authservice variable. */
  readonly setting: (name: string) => Setting | undefined
}

/** The auth service of the mesh: its file, its environment over it. */
export function authService(mesh: Mesh): AuthService | undefined {
  for (const workload of mesh.workloads) {
    for (const container of workload.containers) {
      const kind = kindOf(container)
      if (kind === undefined) continue
      const environment = containerEnvironment(mesh, workload, container)
      const file = kind === 'oauth2-proxy' ? embedded(mesh, /^oauth2-proxy/, 'oauth2_proxy.cfg') : undefined
      const flags = flagsOf([...container.command, ...container.args])
      const setting = (name: string): Setting | undefined => {
        // Flags win over the environment, and that over the file (oauth2-proxy, `options.Load`).
        const flag = kind === 'oauth2-proxy' ? flags.get(name.replaceAll('_', '-')) : undefined
        if (flag !== undefined) return { value: flag, at: workload.at }
        const variable = kind === 'oauth2-proxy' ? `OAUTH2_PROXY_${name.toUpperCase()}` : name
        const inEnvironment = environment[variable]
        if (inEnvironment !== undefined) return { value: inEnvironment, at: workload.at }
        const found = file && new RegExp(`^\\s*${name}\\s*=\\s*(.*)$`, 'm').exec(file.text)
        return file && found?.[1] ? { value: tomlValue(found[1]), at: file.at } : undefined
      }
      return { kind, workload, setting }
    }
  }
  return undefined
}

/** kfdoor in the seat of one of them is set as that one is. */
function kindOf({ image, command, args }: Workload['containers'][number]): AuthService['kind'] | undefined {
  const [, name] = /(?:^|\/)(oauth2-proxy|oidc-authservice|kfdoor)(?:[:@]|$)/.exec(image) ?? []
  const kind = name === 'kfdoor' ? flagsOf([...command, ...args]).get('compat') : name?.replace('oidc-', '')
  return kind === 'oauth2-proxy' || kind === 'authservice' ? kind : undefined
}

/** What stands in the ID token of whoever signed in here: the auth service takes no other. */
export function sessionToken(mesh: Mesh): { readonly issuer?: string; readonly audience?: string } {
  const service = authService(mesh)
  const proxy = service?.kind === 'oauth2-proxy'
  const text = (name: string) => service?.setting(name)?.value || undefined
  const issuer = text(proxy ? 'oidc_issuer_url' : 'OIDC_PROVIDER')
  const audience = text(proxy ? 'client_id' : 'CLIENT_ID')
  return { ...(issuer && { issuer }), ...(audience && { audience }) }
}

/** `--name=value`, `--name value`, and `--name` alone for true. */
function flagsOf(args: readonly string[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>()
  for (const [index, arg] of args.entries()) {
    const found = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(arg)
    if (found === null) continue
    const [, name = '', value] = found
    const next = args[index + 1]
    flags.set(name, value ?? (next === undefined || next.startsWith('-') ? 'true' : next))
  }
  return flags
}

/** One value of a TOML line: the text of a string, else what stands before a comment. */
function tomlValue(text: string): string {
  const string = /^"([^"]*)"|^'([^']*)'/.exec(text.trim())
  return string ? (string[1] ?? string[2] ?? '') : text.replace(/\s*#.*$/, '').trim()
}

/** Go's durations, in seconds: `24h`, `168h0m0s`; a bare number counts seconds. */
export function seconds(text: string): number | undefined {
  const plain = text.replace(/^['"]+|['"]+$/g, '')
  if (/^\d+$/.test(plain)) return Number(plain)
  const parts = [...plain.matchAll(/(\d+(?:\.\d+)?)(h|m|s)/g)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== plain) return undefined
  const unit = { h: 3600, m: 60, s: 1 } as const
  return parts.reduce((sum, [, count, name]) => sum + Number(count) * unit[name as 'h' | 'm' | 's'], 0)
}
