import { readFileSync } from 'node:fs'
import { type Clock, Fault, type Problem, renderProblem } from '../base/index.ts'
import { createSigningKeys, type SigningKeys, type TokenReview } from '../identity/index.ts'
import {
  createIssuer,
  type DexConfig,
  dexGeneration,
  type Issuer,
  type IssuerEvent,
  parseDexConfig,
  parseUsersFile,
  publishedCredentials,
  type TokenIdentity,
  withUsers,
} from '../issuer/index.ts'
import { containerEnvironment, type Mesh, type Workload } from '../mesh/index.ts'
import { fileKeyStore } from './private-file.ts'
import type { State } from './state.ts'

/** Dex's face as this mesh configures it. */
export interface LocalIssuer {
  readonly issuer: Issuer
  readonly keys: SigningKeys
  readonly config: DexConfig
  /** `v2.45.0`, or undefined where the YAML runs no Dex. */
  readonly version: string | undefined
  /** What of it the whole world can know. */
  readonly published: readonly string[]
}

export interface LocalIssuerOptions {
  readonly mesh: Mesh
  readonly state: State
  readonly clock: Clock
  /** A file in Dex's own format, in place of the ConfigMap. */
  readonly dexConfig?: string
  /** A file of people, in place of the static passwords. */
  readonly users?: string
  readonly warn: (problem: Problem) => void
  readonly log: (event: IssuerEvent) => void
  /** Whose service-account token this is, and whether it is for one of these audiences. */
  readonly tokenReview?: (token: string, audiences: readonly string[]) => Promise<TokenReview>
  /** A new signing key is in use. */
  readonly onRotate: () => void
}

/**
 * Finds Dex in the mesh (by its image), reads its configuration with its container's environment,
 * and starts its face. A mesh without Dex has no local issuer.
 *
 * @throws Fault ERR_MESH_INVALID, ERR_INPUT_UNREADABLE
 */
export async function startLocalIssuer(options: LocalIssuerOptions): Promise<LocalIssuer | undefined> {
  const { mesh, state, clock } = options
  const dex = findDex(mesh)
  const source = options.dexConfig === undefined ? configOf(mesh, dex) : fileSource(options.dexConfig)
  if (!source) return undefined
  const environment = options.dexConfig === undefined && dex ? environmentOf(mesh, dex) : process.env
  const { config, problems } = parseDexConfig(source.text, environment, source.at)
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (!config || errors.length > 0) {
    throw new Fault('ERR_MESH_INVALID', {
      problems: (errors.length > 0 ? errors : problems).map(renderProblem),
    })
  }
  for (const problem of problems) options.warn(problem)
  const effective = options.users === undefined ? config : await addUsers(config, options.users)
  const keys = await createSigningKeys({
    clock,
    rotateEvery: effective.expiry.signingKeys,
    keepFor: effective.expiry.idTokens,
    onRotate: options.onRotate,
    ...(state.ephemeral ? {} : { store: fileKeyStore(`${state.folder}/dex-keys.json`) }),
  })
  const version = dex && tagOf(dex)
  return {
    issuer: createIssuer({
      config: effective,
      generation: dexGeneration(version ?? 'v2.45.0'),
      keys,
      clock,
      ...(state.ephemeral ? {} : { store: fileKeyStore(`${state.folder}/refresh-tokens.json`) }),
      ...(options.tokenReview
        ? { exchanges: new Map([['kubernetes', clusterIdentity(options.tokenReview)]]) }
        : {}),
      log: options.log,
    }),
    keys,
    config: effective,
    version,
    published: publishedCredentials(effective),
  }
}

/**
 * The cluster's service accounts as a connector of token exchange, `connector_id=kubernetes`: what a real Dex
 * does with an `oidc` connector for the API server. The account's name stands in for an e-mail address, so
 * that it becomes the user Kubeflow's policies see for that account's own tokens.
 */
function clusterIdentity(review: NonNullable<LocalIssuerOptions['tokenReview']>): TokenIdentity {
  return async (token, audiences) => {
    for (const audience of audiences) {
      const found = await review(token, [audience])
      if (!found.authenticated) continue
      const { username, uid, groups } = found.user
      return {
        userId: uid,
        username,
        preferredUsername: username,
        email: username,
        emailVerified: true,
        groups,
      }
    }
    return undefined
  }
}

const isDex = (image: string) => /(?:^|\/)dex(?::|@|$)/.test(image)

function findDex(mesh: Mesh): Workload | undefined {
  return mesh.workloads.find((workload) => workload.containers.some(({ image }) => isDex(image)))
}

function tagOf(workload: Workload): string | undefined {
  const image = workload.containers.find((container) => isDex(container.image))?.image
  return image?.split('@')[0]?.split(':').at(-1)
}

function configOf(mesh: Mesh, dex: Workload | undefined) {
  const map = mesh.configMaps.find(
    (one) => 'config.yaml' in one.data && (dex ? one.namespace === dex.namespace : one.name === 'dex'),
  )
  const text = map?.data['config.yaml']
  const at = map?.dataAt['config.yaml']
  return text === undefined || !at ? undefined : { text, at: { file: at.file, firstLine: at.line } }
}

function fileSource(path: string) {
  return { text: readText(path), at: { file: path } }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Fault('ERR_INPUT_UNREADABLE', {
      path,
      reason: (error as NodeJS.ErrnoException).code ?? 'unreadable',
    })
  }
}

function environmentOf(mesh: Mesh, dex: Workload): Readonly<Record<string, string>> {
  const container = dex.containers.find(({ image }) => isDex(image))
  return container ? containerEnvironment(mesh, dex, container) : {}
}

async function addUsers(config: DexConfig, path: string): Promise<DexConfig> {
  const { users, problems } = await parseUsersFile(readText(path), { file: path })
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: errors.map(renderProblem) })
  return withUsers(config, users)
}
