import { readCertificates } from '../../compose/read-certificates.ts'
import { readInputs } from '../../compose/read-inputs.ts'
import { allRules, lint, type Severity } from '../../lint/index.ts'
import { parseMesh } from '../../mesh/index.ts'
import { packageVersion } from '../commands/version.ts'
import type { Io } from '../io.ts'
import { asGitHub, asJson, asLintJUnit, asText } from './render.ts'
import { asSarif } from './sarif.ts'

interface Options {
  readonly output: 'text' | 'json' | 'sarif' | 'junit' | 'github'
  readonly threshold: Severity | 'never'
  readonly without: readonly { readonly code: string; readonly reason: string }[]
  readonly colour: boolean
  readonly istioVersion?: string
  readonly kubeconfig?: string
}

const from: Readonly<Record<Options['threshold'], readonly Severity[]>> = {
  error: ['error'],
  warning: ['error', 'warning'],
  info: ['error', 'warning', 'info'],
  never: [],
}

/** Prints the findings; true = some are as heavy as the threshold. */
export async function lintPaths(io: Io, paths: readonly string[], options: Options): Promise<boolean> {
  const inputs = await readInputs(paths, () => io.readStdin(), undefined, {
    env: io.env,
    ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
  })
  const { mesh, problems } = parseMesh(inputs)
  const result = lint({
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
      io.out(asLintJUnit(result, allRules))
      break
    case 'github':
      if (result.findings.length > 0) io.out(asGitHub(result))
      break
  }
  const heavy = from[options.threshold]
  return result.findings.some(({ severity }) => heavy.includes(severity))
}
