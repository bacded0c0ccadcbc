import { readFileSync } from 'node:fs'
import { Fault, type Problem, renderProblem } from '../../base/index.ts'
import { type Overridable, overridesOf } from './overrides.ts'
import { readAuthzSettings } from './read-settings.ts'
import type { AuthzSettings } from './settings.ts'

export interface SettingsInput {
  /** YAML; left out, environment and flags have to say everything. */
  readonly file?: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: Readonly<Partial<Record<Overridable, string>>>
  readonly allowPublishedSecrets: boolean
}

/** The client secret in every kubeflow/manifests release; whoever reads GitHub knows it. */
const PUBLISHED = ['pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok', '12341234']

/**
 * File, over it the environment, over that the flags.
 *
 * @throws Fault ERR_INPUT_UNREADABLE, ERR_SETTINGS_INVALID with every problem and its place
 */
export function loadSettings(input: SettingsInput, warn: (problem: Problem) => void): AuthzSettings {
  const text = input.file === undefined ? '' : readOrFault(input.file)
  const { overrides, problems: misnamed } = overridesOf(input.env, input.flags)
  const { settings, problems: found } = readAuthzSettings({ file: input.file ?? 'settings', text }, overrides)
  const problems = [...misnamed, ...found]
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (!settings || errors.length > 0)
    throw new Fault('ERR_SETTINGS_INVALID', { problems: errors.map(renderProblem) })
  for (const problem of problems) warn(problem)
  refusePublished(settings, input.allowPublishedSecrets)
  return settings
}

function refusePublished(settings: AuthzSettings, allowed: boolean): void {
  const secret = settings.signIn?.settings.clientSecret
  if (allowed || secret === undefined || !PUBLISHED.includes(secret)) return
  const beyond = [settings.listen, settings.grpcListen].find((at) => at && !isLoopback(at.host))
  if (!beyond) return
  throw new Fault('ERR_SETTINGS_INVALID', {
    problems: [
      `the client secret is published with Kubeflow, so whoever reads it can sign in as anybody; bring your own, stay on 127.0.0.1 instead of ${beyond.host}, or say \`--allow-published-secrets\``,
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
