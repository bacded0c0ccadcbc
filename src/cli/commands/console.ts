import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { collect } from '../collect.ts'
import type { Io } from '../io.ts'

/** `kfdoor console -f profile:26.03` */
export const consoleCommand = (io: Io) =>
  new Command('console')
    .summary('the door as a page: ask it, edit its YAML, see who reaches what')
    .description(
      'Serves a page on loopback that shows the way of a request through a door and which line of YAML decides it, who reaches what, what a change opens and closes, findings, and the live door. The engine runs in the page; nothing is sent anywhere.',
    )
    .option('-f, --filename <path>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable', collect)
    .option('--snapshot <file>', "a cluster's door as one file")
    .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .option('--against <path>', 'another mesh to compare with: file, folder, `git:REV:PATH`, profile:NAME')
    .option('--plan <plan>', 'a plan to show, its name or its file; repeatable', collect)
    .option('--allow-apply', 'plans may be applied from the page, not only in the terminal')
    .option('--port <port>', 'where the page is served; 0 takes a free one', readPort, 0)
    .option('--no-open', 'print the address, and open no browser')
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .addOption(new Option('-o, --output <format>', 'text, json').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
The address holds a ticket that works once; after that a cookie of that browser is what counts.

Examples:
  kfdoor console -f profile:26.03
  kfdoor console -f mesh/ --against profile:26.03
  kfdoor console --snapshot door.yaml --port 9090 --no-open`,
    )
    .action(async (options) => {
      const { runConsole } = await import('../../console/run-console.ts')
      await runConsole(io, options)
    })

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new Fault('ERR_USAGE', { message: `\`--port ${text}\` is not a port`, next: 'use 0 to 65535' })
}
