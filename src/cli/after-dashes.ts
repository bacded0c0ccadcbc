import type { CommandUnknownOpts } from '@commander-js/extra-typings'

/** The words behind `--`, which commander hands on without saying where they began; undefined = there is no `--`. */
export function afterDashes(command: CommandUnknownOpts): readonly string[] | undefined {
  const { rawArgs } = command as unknown as { readonly rawArgs: readonly string[] }
  const at = rawArgs.indexOf('--')
  return at < 0 ? undefined : rawArgs.slice(at + 1)
}
