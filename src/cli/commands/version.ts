import { readFileSync } from 'node:fs'
import { Command, Option } from '@commander-js/extra-typings'
import type { Io } from '../io.ts'

/** `kfdoor version` */
export const versionCommand = (io: Io) =>
  new Command('version')
    .summary('the version of kfdoor and of the Node that runs it')
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addHelpText('after', '\nExample:\n  kfdoor version -o json')
    .action((options) => {
      const version = packageVersion()
      io.out(
        options.output === 'json'
          ? JSON.stringify({ kfdoor: version, node: process.versions.node })
          : `kfdoor ${version} (Node ${process.versions.node})`,
      )
    })

/** `package.json` lies two folders above both `src/cli` and `dist/cli`. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
