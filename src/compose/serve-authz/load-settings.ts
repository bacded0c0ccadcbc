import { readFileSync } from 'node:fs'
import { Fault, type Problem, renderProblem } from '../../base/index.ts'
import { compatSettings } from './compat.ts'
import { type Overridable, overridesOf } from './overrides.ts'
import { readAuthzSettings } from './read-settings.ts'
import type { AuthzSettings } from './settings.ts'

export interface SettingsInput {
  /** YAML; left out, environment and flags have to say everything. */
  readonly file?: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: Readonly<Partial<Record<Overridable, string>>>
  readonly allowPublishedSecrets: boolean
  /** Whose seat is taken; `file` is then its file. */
  readonly compat?: 'oauth2-proxy' | 'authservice'
  /** oauth2-proxy's own flags. */
  readonly compatArgs?: readonly string[]
  /** A file with 32 bytes in base64. */
  readonly sealKeyFile?: string
}

/** The client secret in every kubeflow/manifests release; whoever reads GitHub knows it. */
const PUBLISHED = ['pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok', '12341234']

/**
 * File, over it the environment, over that the flags.
 *
 * @throws Fault ERR_INPUT_UNREADABLE, ERR_SETTINGS_INVALID with every problem and its place
 */
export function loadSettings(input: SettingsInput, warn: (problem: Problem) => void): AuthzSettings {
  if (input.compat !== undefined) return loadCompat(input, input.compat, warn)
  const text = input.file === undefined ? '' : readOrFault(input.file)
  const { overrides, problems: misnamed } = overridesOf(input.env, input.flags)
  const { settings, problems: found } = readAuthzSettings({ file: input.file ?? 'settings', text }, overrides)
  const problems = [...misnamed, ...found]
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (!settings || errors.length > 0)
    throw new Fault('ERR_SETTINGS_INVALID', { problems: errors.map(renderProblem) })
  for (const problem of problems) warn(problem)
  const secret = settings.signIn?.settings.clientSecret
  const published = secret !== undefined && PUBLISHED.includes(secret) ? ['the client secret'] : []
  refusePublished(settings, published, input.allowPublishedSecrets)
  return settings
}

function loadCompat(
  input: SettingsInput,
  compat: 'oauth2-proxy' | 'authservice',
  warn: (problem: Problem) => void,
): AuthzSettings {
  const { overrides, problems } = overridesOf(input.env, input.flags)
  if (problems.length > 0) throw new Fault('ERR_SETTINGS_INVALID', { problems: problems.map(renderProblem) })
  const sealKey = input.sealKeyFile === undefined ? undefined : readSealKey(input.sealKeyFile)
  const { settings, published } = compatSettings(
    {
      compat,
      ...(input.file !== undefined && { file: input.file }),
      args: input.compatArgs ?? [],
      env: input.env,
      overrides,
      ...(sealKey && { sealKey }),
    },
    warn,
  )
  refusePublished(settings, published, input.allowPublishedSecrets)
  return settings
}

function readSealKey(path: string): Uint8Array {
  const key = Buffer.from(readOrFault(path).trim(), 'base64')
  if (key.length >= 32) return key
  throw new Fault('ERR_INPUT_UNREADABLE', {
    path,
    reason: 'it does not hold 32 bytes in base64; make it with `openssl rand -base64 32`',
  })
}

function refusePublished(settings: AuthzSettings, published: readonly string[], allowed: boolean): void {
  if (allowed || published.length === 0) return
  const beyond = [settings.listen, settings.grpcListen].find((at) => at && !isLoopback(at.host))
  if (!beyond) return
  throw new Fault('ERR_SETTINGS_INVALID', {
    problems: [
      `${published.join(' and ')} ${published.length > 1 ? 'are' : 'is'} published with Kubeflow, so whoever reads that can sign in as anybody; bring your own, stay on 127.0.0.1 instead of ${beyond.host}, or say \`--allow-published-secrets\``,
    ],
  })
}

const isLoopback = (host: string) =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

function readOrFault(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const reason = code === 'ENOENT' ? 'there is no such file' : (code ?? 'unreadable')
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason }, { cause: error })
  }
}
