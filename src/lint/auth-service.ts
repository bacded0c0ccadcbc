/** Settings of Dex and of the auth service beside it, as far as rules compare them. */
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
    if (!name.test(config.name)) continue
    const text = config.data[key]
    if (text !== undefined) return { text, at: config.dataAt[key] ?? config.at }
  }
  return undefined
}

export function dexConfig(mesh: Mesh): Embedded | undefined {
  return embedded(mesh, /^dex(-|$)/, 'config.yaml')
}

/** `issuer:` of the ConfigMap Dex is started with. */
export function dexIssuer(mesh: Mesh): Setting | undefined {
  const config = dexConfig(mesh)
  const found = config && /^issuer:\s*['"]?([^\s'"#]+)/m.exec(config.text)
  return config && found?.[1] ? { value: found[1], at: config.at } : undefined
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
      const kind = /(^|\/)oauth2-proxy(:|@|$)/.test(container.image)
        ? 'oauth2-proxy'
        : /(^|\/)oidc-authservice(:|@|$)/.test(container.image)
          ? 'authservice'
          : undefined
      if (kind === undefined) continue
      const environment = containerEnvironment(mesh, workload, container)
      const file = kind === 'oauth2-proxy' ? embedded(mesh, /^oauth2-proxy/, 'oauth2_proxy.cfg') : undefined
      const setting = (name: string): Setting | undefined => {
        const variable = kind === 'oauth2-proxy' ? `OAUTH2_PROXY_${name.toUpperCase()}` : name
        const inEnvironment = environment[variable]
        if (inEnvironment !== undefined) return { value: inEnvironment, at: workload.at }
        const found = file && new RegExp(`^\\s*${name}\\s*=\\s*(.*)$`, 'm').exec(file.text)
        return file && found?.[1]
          ? { value: found[1].trim().replace(/^"(.*)"$/, '$1'), at: file.at }
          : undefined
      }
      return { kind, workload, setting }
    }
  }
  return undefined
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
