/** A repeatable option's values so far. In a file of its own: whoever declares options needs no engine. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}
