import { Command, Option } from '@commander-js/extra-typings'
import { type DoorOptions, reachOf, withDoorOptions } from '../door-options.ts'
import { exitCode, type Io, wantsColour } from '../io.ts'

/** `kfdoor doctor https://kubeflow.example.com` */
export const doctorCommand = (io: Io) =>
  withDoorOptions(
    new Command('doctor')
      .summary('walk to a live door hop by hop, and name what is broken')
      .description(
        'Walks DNS, TCP, TLS, HTTP, sign-in, credential, identity and application, shows what was seen at each, stops at the first broken one, and names cause and fix. A handful of GET requests; no credential but the one kept for this door.',
      )
      .argument('<url>', 'the door')
      .option('-f, --filename <path...>', 'the door’s YAML too: its findings stand beside the walk')
      .addOption(
        new Option('-o, --output <format>', 'how to print it')
          .choices(['text', 'json'] as const)
          .default('text' as const),
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor doctor https://kubeflow.example.com
  kfdoor doctor https://kubeflow.example.com --certificate-authority ca.crt -o json
  kfdoor doctor https://localhost:8443 -f profile:26.03`,
    )
    .action(async (url, options: DoorOptions & { filename?: string[]; output: 'text' | 'json' }) => {
      const { walkDoor } = await import('../../compose/doctor/walk-door.ts')
      const { hopLine, walkAsJson } = await import('../render-walk.ts')
      const colour = wantsColour(io, 'out')
      const walked = await walkDoor(io.env, url, {
        ...reachOf(io, options),
        ...(options.output === 'text' && { onHop: (hop) => io.out(hopLine(hop, colour)) }),
      })
      const lint = options.filename === undefined ? [] : await lintFindings(io, options.filename)
      if (options.output === 'json') io.out(walkAsJson(walked, lint))
      else
        for (const { code, severity, message, evidence } of lint) {
          io.out(`  ${severity} ${code} ${message} (${evidence[0]?.at.file}:${evidence[0]?.at.line})`)
        }
      const heavy = walked.hops.some(({ findings }) => findings.some(({ severity }) => severity !== 'info'))
      io.exit(heavy || lint.length > 0 ? exitCode.no : exitCode.ok)
    })

async function lintFindings(io: Io, paths: readonly string[]) {
  const { readInputs } = await import('../../compose/read-inputs.ts')
  const { readCertificates } = await import('../../compose/read-certificates.ts')
  const { parseMesh } = await import('../../mesh/index.ts')
  const { lint } = await import('../../lint/index.ts')
  const inputs = await readInputs(paths, () => io.readStdin())
  const { mesh, problems } = parseMesh(inputs)
  const certificate = await readCertificates(mesh)
  const { findings } = lint({ mesh, problems, inputs, now: Date.now() / 1000, certificate })
  return findings.filter(({ severity }) => severity !== 'info')
}
