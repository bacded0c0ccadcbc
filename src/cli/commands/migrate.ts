import { Command } from '@commander-js/extra-typings'
import type { Io } from '../io.ts'
import { authnFilter } from '../migrate/authn-filter.ts'
import { seat } from '../migrate/seat.ts'

export const migrateCommand = (io: Io) =>
  new Command('migrate')
    .summary('a door built the old way: to what stands in its place today')
    .addCommand(authnFilter(io))
    .addCommand(seat(io, 'oauth2-proxy'))
    .addCommand(seat(io, 'authservice'))
    .addHelpText(
      'after',
      '\nExamples:\n  kfdoor migrate authn-filter -f my-mesh/\n  kfdoor migrate authn-filter --by split-gateway -f my-mesh/\n  kfdoor migrate oauth2-proxy --context prod',
    )
