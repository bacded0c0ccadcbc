import { Command } from '@commander-js/extra-typings'
import type { Io } from '../io.ts'
import { serveAuthzCommand } from './serve-authz.ts'

/** `kfdoor serve authz`: what a service is made of is loaded when it starts. */
export const serveCommand = (io: Io) =>
  new Command('serve')
    .enablePositionalOptions()
    .summary('one part of a door, for a mesh that has the rest')
    .description('Runs one part of a door beside a mesh that has the rest.')
    .addHelpText(
      'after',
      `
Examples:
  kfdoor serve authz --config authz.yaml`,
    )
    .addCommand(serveAuthzCommand(io))
