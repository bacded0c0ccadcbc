import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Fault } from '../base/index.ts'
import type { MeshInput } from '../mesh/index.ts'

/** The release lines whose YAML is carried, newest first. */
export const profileNames = ['26.03', 'v1.9', 'v1.8', 'v1.6'] as const
export type ProfileName = (typeof profileNames)[number]

/** A profile's files beside its release: TLS at the gateway, and a user's namespace with models. */
export interface Overlays {
  readonly tls: boolean
  readonly demo: boolean
}

/** A tag of Kubeflow, and the line it equals. `note` is set where they are not the same words. */
export interface ResolvedProfile {
  readonly name: ProfileName
  readonly note?: string
}

/**
 * Which line a tag equals: 1.6 has authservice without tokens, 1.7 and 1.8 read service accounts'
 * tokens, 1.9.1 to 1.11 ask oauth2-proxy, 26.03 adds path routes for models.
 *
 * @throws Fault ERR_USAGE for a tag that is no release from 1.6 on
 */
export function resolveProfile(tag: string): ResolvedProfile {
  const plain = tag.replace(/^v/, '')
  const exact = profileNames.find((name) => name.replace(/^v/, '') === plain)
  if (exact) return { name: exact }
  const [major = 0, minor = 0] = plain.split('.').map(Number)
  const line = /^\d+\.\d+(\.\d+)?(-rc\.\d+)?$/.test(plain) ? lineOf(major, minor) : undefined
  if (!line) {
    throw new Fault('ERR_USAGE', {
      message: `there is no profile \`${tag}\``,
      next: `use ${profileNames.join(', ')}, or a Kubeflow tag from 1.6 on`,
    })
  }
  return { name: line, note: `${tag} has the door of ${line}` }
}

function lineOf(major: number, minor: number): ProfileName | undefined {
  if (major === 1 && minor === 6) return 'v1.6'
  if (major === 1 && (minor === 7 || minor === 8)) return 'v1.8'
  if (major === 1 && minor >= 9 && minor <= 11) return 'v1.9'
  return major >= 26 && major < 100 ? '26.03' : undefined
}

// `profiles/` lies beside `src` in a checkout and beside `dist` in the package.
const root = new URL('../../profiles/', import.meta.url)

/** The files of a profile, overlays last: what they name again replaces what the release said. */
export function profileFiles(name: ProfileName, overlays: Overlays): readonly MeshInput[] {
  const parts = ['release', ...(overlays.tls ? ['tls'] : []), ...(overlays.demo ? ['demo'] : [])]
  return parts.flatMap((part) => {
    const folder = new URL(`${name}/${part}/`, root)
    return readdirSync(folder)
      .filter((file) => file.endsWith('.yaml'))
      .sort()
      .map((file) => ({
        file: `profile:${name}/${part}/${file}`,
        text: readFileSync(fileURLToPath(new URL(file, folder)), 'utf8'),
        replaces: part !== 'release',
      }))
  })
}
