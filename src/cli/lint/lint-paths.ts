import { readCertificates } from '../../compose/read-certificates.ts'
import { readInputs } from '../../compose/read-inputs.ts'
import { allRules, type LintInput, lint, type Severity } from '../../lint/index.ts'
import { type Mesh, parseMesh } from '../../mesh/index.ts'
import { packageVersion } from '../commands/version.ts'
import type { Io } from '../io.ts'
import { asGitHub, asJson, asLintJUnit, asText } from './render.ts'
import { asSarif } from './sarif.ts'

interface Options {
  readonly output: 'text' | 'json' | 'sarif' | 'junit' | 'github'
  readonly threshold: Severity | 'never'
  readonly without: readonly { readonly code: string; readonly reason: string }[]
  readonly colour: boolean
  /** Look at all requests too. */
  readonly deep: boolean
  readonly istioVersion?: string
  readonly kubeconfig?: string
}

const from: Readonly<Record<Options['threshold'], readonly Severity[]>> = {
  error: ['error'],
  warning: ['error', 'warning'],
  info: ['error', 'warning', 'info'],
  never: [],
}

/** What only a look at all requests shows: rules none meets, rules and routes another one leaves nothing to. */
async function lookDeep(
  mesh: Mesh,
  { istioVersion }: Options,
): Promise<Pick<LintInput, 'deadRules' | 'shadowed'>> {
  const { diffAccess, findShadowed } = await import('../../regions/index.ts')
  const { viewOptions } = await import('../map/view-options.ts')
  const view = viewOptions(mesh, istioVersion === undefined ? {} : { istioVersion })
  // As a diff against no door at all: every rule is new then.
  const nothing = parseMesh([]).mesh
  const { deadRules } = diffAccess(nothing, mesh, { now: Date.now() / 1000, old: {}, new: view })
  const dead = new Set(deadRules.map(({ policy, rule }) => `${policy} ${rule}`))
  return {
    deadRules: deadRules.map(({ policy, rule, at, reason }) => {
      const [, file = at, line = '1'] = /^(.*):(\d+)$/.exec(at) ?? []
      return { policy, rule, reason, at: { file, line: Number(line) } }
    }),
    // Of a double star KFD0214 tells more.
    shadowed: findShadowed(mesh, view).filter(
      ({ object, rule, value }) =>
        !dead.has(`${object.replace(/^\S+ /, '')} ${rule.replace(/\.to.*/, '')}`) &&
        value?.endsWith('**') !== true,
    ),
  }
}

/** Prints the findings; true = some are as heavy as the threshold. */
export async function lintPaths(io: Io, paths: readonly string[], options: Options): Promise<boolean> {
  const inputs = await readInputs(paths, () => io.readStdin(), undefined, {
    env: io.env,
    ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
  })
  const { mesh, problems } = parseMesh(inputs)
  const deep = options.deep ? await lookDeep(mesh, options) : {}
  const result = lint({
    ...deep,
    mesh,
    problems,
    inputs,
    now: Date.now() / 1000,
    without: options.without,
    certificate: await readCertificates(mesh),
    ...(options.istioVersion !== undefined && { istioVersion: options.istioVersion }),
  })
  switch (options.output) {
    case 'text':
      io.out(asText(result, options.colour))
      break
    case 'json':
      io.out(asJson(result))
      break
    case 'sarif':
      io.out(asSarif(result.findings, allRules, packageVersion()))
      break
    case 'junit':
      io.out(asLintJUnit(result, allRules, Date.now()))
      break
    case 'github':
      if (result.findings.length > 0) io.out(asGitHub(result))
      break
  }
  const heavy = from[options.threshold]
  return result.findings.some(({ severity }) => heavy.includes(severity))
}
