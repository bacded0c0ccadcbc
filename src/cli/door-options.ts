import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Io } from './io.ts'

/** Options every command has that calls a door; `product.md`, "The command line". */
export interface DoorOptions {
  readonly door?: string
  readonly certificateAuthority?: string
  readonly insecureSkipTlsVerify?: boolean
}

export function withTlsOptions<C extends CommandUnknownOpts>(command: C): C {
  command.option(
    '--certificate-authority <file>',
    'trust this CA at the door (also SSL_CERT_FILE); remembered',
  )
  command.option('--insecure-skip-tls-verify', 'for this call, ask nobody for a certificate')
  return command
}

export function withDoorOptions<C extends CommandUnknownOpts>(command: C): C {
  command.option('--door <name>', 'a door signed in to before (KFDOOR_DOOR; `kfdoor doors`)')
  return withTlsOptions(command)
}

/** What the rooms below understand of them. Skipping TLS verification is said out loud, every time. */
export function reachOf(io: Io, options: DoorOptions) {
  if (options.insecureSkipTlsVerify) {
    io.err(
      'KFD1826: WARNING: certificates are not verified for this call; whoever is in between reads everything',
    )
  }
  return {
    door: options.door,
    certificateAuthority: options.certificateAuthority,
    insecure: options.insecureSkipTlsVerify,
  }
}
