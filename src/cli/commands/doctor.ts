import { Command, Option } from '@commander-js/extra-typings'
import { type DoorOptions, reachOf, withDoorOptions } from '../door-options.ts'
import { exitCode, type Io, wantsColour } from '../io.ts'
import type { DoorOptions as YamlOptions } from '../read-door.ts'

/** `kfdoor doctor https://kubeflow.example.com` */
export const doctorCommand = (io: Io) =>
  withDoorOptions(
    new Command('doctor')
      .summary('walk to a live door hop by hop, and name what is broken')
      .description(
        'Walks DNS, TCP, TLS, HTTP, sign-in, credential, identity and application, shows what was seen at each, stops at the first broken one, and names cause and fix. A handful of GET requests; no credential but the one kept for this door. With the door’s YAML, or its cluster, it also names the line that refused.',
      )
      .argument('<url>', 'the door, or what one wants behind it: a model’s address, for example')
      .option('-f, --filename <path...>', 'the door’s YAML too: which line refused, and what lint finds')
      .option('--snapshot <file>', "the same from a cluster's door as one file")
      .option('--context <name>', 'the same from the cluster of this kubeconfig context')
      .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
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
  kfdoor doctor https://kubeflow.example.com/kfam/v1/bindings --context prod
  kfdoor doctor https://localhost:8443 -f profile:26.03`,
    )
    .action(async (url, options: DoorOptions & YamlOptions & { output: 'text' | 'json' }) => {
      const { walkDoor } = await import('../../compose/doctor/walk-door.ts')
      const { hopLine, walkAsJson } = await import('../render-walk.ts')
      const { readBothViews, yamlLines } = await import('../doctor/both-views.ts')
      const views = await readBothViews(io, options)
      const { yaml, lint } = views
      const colour = wantsColour(io, 'out')
      const walked = await walkDoor(io.env, url, {
        ...reachOf(io, options),
        ...(yaml && { yaml }),
        ...(options.output === 'text' && { onHop: (hop) => io.out(hopLine(hop, colour)) }),
      })
      if (options.output === 'json') io.out(walkAsJson(walked, lint))
      else {
        const below = yamlLines(views, colour)
        if (below !== undefined) io.out(below)
      }
      const heavy = walked.hops.some(({ findings }) => findings.some(({ severity }) => severity !== 'info'))
      io.exit(heavy || lint.length > 0 ? exitCode.no : exitCode.ok)
    })
