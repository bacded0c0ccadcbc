import { Command } from '@commander-js/extra-typings'
import type { Io } from '../io.ts'
import { serveAuthzCommand } from './serve-authz.ts'
import { serveGatewayCommand } from './serve-gateway.ts'

/** `kfdoor serve authz`, `kfdoor serve gateway`: what a service is made of is loaded when it starts. */
export const serveCommand = (io: Io) =>
  new Command('serve')
    .enablePositionalOptions()
    .summary('one part of a door: the auth service for a mesh, or the data plane')
    .description('Runs one part of a door by itself.')
    .addHelpText(
      'after',
      `
Examples:
  kfdoor serve authz --config authz.yaml
  kfdoor serve gateway -f my-mesh/ --default-upstream http://127.0.0.1:9000`,
    )
    .addCommand(serveAuthzCommand(io))
    .addCommand(serveGatewayCommand(io))
