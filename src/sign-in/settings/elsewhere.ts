/**
 * Stands for the value of a setting that lies in a Secret nobody has read. What does not depend on it can
 * be told all the same: where a sign-in begins, which paths need none.
 */
const elsewhere = '(in a Secret)'

/** How a service's settings are read: to run it, or only to tell what it answers. */
export interface ReadSettings {
  /** A Secret that is not in the YAML holds what is missing; see {@link isElsewhere}. Nothing can be run with these. */
  readonly secretsElsewhere?: boolean
}

/** What is read in the place of a value; undefined = it is nowhere. */
export function standIn(found: string | undefined, set: boolean): string | undefined {
  if (found !== undefined && !/^scrubbed:[0-9a-f]{16}$/.test(found)) return found
  return set || found !== undefined ? elsewhere : undefined
}

/** Whether nobody here knows this value. */
export const isElsewhere = (value: string): boolean => value === elsewhere
