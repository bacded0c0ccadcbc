/** Options as they were typed, for the plan to say: `{ host: ['a', 'b'] }` → `--host a --host b`. */
export function typed(
  options: Readonly<Record<string, string | readonly string[] | undefined>>,
): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((one) => [`--${name}`, one]),
  )
}
