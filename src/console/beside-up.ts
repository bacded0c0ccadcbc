import type { Io } from '../cli/io.ts'
import { openConsole, type RunConsoleOptions } from './run-console.ts'
import type { RunningConsole } from './server.ts'

/** The console over what a running `kfdoor up` was given, on a port of its own. */
export function consoleBeside(
  io: Io,
  up: { readonly files?: readonly string[]; readonly profile?: string; readonly istioVersion?: string },
): Promise<RunningConsole> {
  // Stdin was read by the door, and is empty now.
  const files = (up.files ?? []).filter((path) => path !== '-')
  const filename = files.length > 0 ? files : [`profile:${up.profile ?? '26.03'}`]
  const options: RunConsoleOptions = {
    filename,
    port: 0,
    open: false,
    output: 'text',
    ...(up.istioVersion !== undefined && { istioVersion: up.istioVersion }),
  }
  return openConsole(io, options)
}
