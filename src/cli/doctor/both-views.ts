import { styleText } from 'node:util'
import type { DoorYaml } from '../../compose/doctor/blame.ts'
import { readCertificates } from '../../compose/read-certificates.ts'
import { readInputs } from '../../compose/read-inputs.ts'
import { type Finding, lint } from '../../lint/index.ts'
import { parseMesh } from '../../mesh/index.ts'
import { assumedKeys, compileDoor } from '../../policy/index.ts'
import type { Io } from '../io.ts'
import { type DoorOptions, doorPaths, yamlWords } from '../read-door.ts'

export interface BothViews {
  readonly yaml?: DoorYaml
  readonly lint: readonly Finding[]
  /** How the YAML is named to another command; undefined = none is given. */
  readonly words?: string
}

/** The YAML beside a walk: its engine, and what lint finds. A cluster only where one is named. */
export async function readBothViews(
  io: Pick<Io, 'readStdin' | 'env'>,
  options: DoorOptions,
): Promise<BothViews> {
  const { filename, snapshot, context, kubeconfig } = options
  const named = [filename, snapshot, context, kubeconfig].some((each) => each !== undefined)
  if (!named) return { lint: [] }
  const place = { env: io.env, ...(kubeconfig !== undefined && { kubeconfig }) }
  const inputs = await readInputs(doorPaths(options, {}), () => io.readStdin(), undefined, place)
  const { mesh, problems } = parseMesh(inputs)
  const certificate = await readCertificates(mesh)
  const { findings } = lint({ mesh, problems, inputs, now: Date.now() / 1000, certificate })
  // What Istio would refuse decides nothing; the findings say it.
  const refused = problems.some(({ severity }) => severity === 'error')
  const words = yamlWords(options)
  return {
    ...(!refused && { yaml: { engine: compileDoor(mesh, { fetched: assumedKeys }), words } }),
    lint: findings.filter(({ severity }) => severity !== 'info'),
    words,
  }
}

/** What is wrong with the YAML itself, below the walk; undefined = nothing. */
export function yamlLines({ yaml, lint, words }: BothViews, colour: boolean): string | undefined {
  if (words === undefined || (lint.length === 0 && yaml !== undefined)) return undefined
  const paint = (severity: string) =>
    colour
      ? styleText(severity === 'error' ? 'red' : 'yellow', severity, { validateStream: false })
      : severity
  const refused = yaml === undefined ? '; Istio refuses it, so it says nothing of the answers above' : ''
  return [
    `its YAML${refused}:`,
    ...lint.map(
      ({ code, severity, message, evidence: [first] }) =>
        `  ${paint(severity)} ${code} ${message}${first ? ` (${first.at.file}:${first.at.line})` : ''}`,
    ),
    `  next: \`kfdoor lint ${words}\` says what to do about each`,
  ].join('\n')
}
