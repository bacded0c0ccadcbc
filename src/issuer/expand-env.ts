export type Environment = Readonly<Record<string, string | undefined>>

/** Go's os.ExpandEnv: `$NAME` and `${NAME}`; what is not set becomes nothing. */
export function expandEnv(text: string, env: Environment): string {
  return text.replace(
    /\$(?:\{([^{}]*)\}|([A-Za-z_][A-Za-z0-9_]*)|([*#$@!?0-9-]))/g,
    (_, braced?: string, plain?: string, special?: string) => env[braced ?? plain ?? special ?? ''] ?? '',
  )
}
