/** What the YAML says about the Pipelines API server that stands behind the door. */
import { parseGoBool } from '../../base/index.ts'
import type { Mesh } from '../../mesh/index.ts'
import type { PipelinesOptions } from './options.ts'
import type { Release } from './release.ts'

export type PipelinesSettings = Pick<
  PipelinesOptions,
  'release' | 'multiUser' | 'userIdHeader' | 'userIdPrefix' | 'sharedRead'
>

export type SettingsMesh = Pick<Mesh, 'workloads' | 'configMaps'>

/** The first version that behaves as the release does; in between, nothing that a client sees changed. */
const lines: readonly (readonly [from: readonly number[], release: Release])[] = [
  [[2, 14, 0], '2.16.0'],
  [[2, 3, 0], '2.3.0'],
  [[2, 0, 0], '2.0.5'],
]

/** The release that behaves as an image's tag does (`2.4.1` as 2.3.0, `1.8.5` as 2.0.0-alpha.5). */
export function releaseOf(tag: string): Release {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(-alpha)?/.exec(tag)
  // `latest`, a digest, a private build: as new as we know.
  if (!match) return '2.16.0'
  const [major = 0, minor = 0, patch = 0] = match.slice(1, 4).map(Number)
  // The API was rewritten between 2.0.0-alpha.7 and 2.0.0-beta.0.
  if (match[4] !== undefined && major === 2 && minor === 0) return '2.0.0-alpha.5'
  const found = lines.find(([[a = 0, b = 0, c = 0]]) =>
    major !== a ? major > a : minor !== b ? minor > b : patch >= c,
  )
  return found?.[1] ?? '2.0.0-alpha.5'
}

/**
 * Reads image tag and environment (with its ConfigMaps) of the `ml-pipeline` API server. What is not
 * said is as Kubeflow sets it: multi-user, `kubeflow-userid` without prefix; without an API server in
 * the YAML, the newest release.
 */
export function pipelinesSettings(mesh: SettingsMesh): PipelinesSettings {
  const found = mesh.workloads
    .flatMap((workload) => workload.containers.map((container) => ({ workload, container })))
    .find(({ container }) => /(^|\/)(kfp-)?api-server(:|@|$)/.test(container.image))
  const environment: Record<string, string> = {}
  if (found) {
    const { workload, container } = found
    const data = (name: string) =>
      mesh.configMaps.find((one) => one.name === name && one.namespace === workload.namespace)?.data ?? {}
    for (const { kind, name } of container.envFrom) {
      if (kind === 'configMap') Object.assign(environment, data(name))
    }
    for (const [variable, { kind, name, key }] of Object.entries(container.envRefs)) {
      const value = kind === 'configMap' ? data(name)[key] : undefined
      if (value !== undefined) environment[variable] = value
    }
    Object.assign(environment, container.env)
  }
  const tag = found?.container.image.split('@')[0]?.split(':').at(-1)
  return {
    release: tag === undefined ? '2.16.0' : releaseOf(tag),
    multiUser: parseGoBool(environment.MULTIUSER) ?? true,
    userIdHeader: environment.KUBEFLOW_USERID_HEADER ?? 'kubeflow-userid',
    userIdPrefix: environment.KUBEFLOW_USERID_PREFIX ?? '',
    sharedRead: parseGoBool(environment.MULTIUSER_SHARED_READ) ?? false,
  }
}
