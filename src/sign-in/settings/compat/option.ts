/**
 * One option of a service whose seat is taken, and what becomes of it. No option is without a class,
 * and one that decides who gets in is never merely noted.
 */
export interface CompatOption {
  /** As the configuration file has it, or the variable's name. */
  readonly name: string
  /** oauth2-proxy's flag, without the dashes. */
  readonly flag?: string
  readonly kind: 'text' | 'list' | 'flag' | 'duration' | 'number'
  /**
   * `honoured`: does what it says. `harmless`: nothing here depends on it; a value that is set is
   * reported. `refused`: the service does not start with it, unless it says what `unless` says.
   */
  readonly becomes: 'honoured' | 'harmless' | 'refused'
  /** Values that change nothing, where others are refused or reported: the default, mostly. */
  readonly unless?: readonly string[]
  /** For the table and the report: why, and what to do instead. */
  readonly why?: string
  /** Never shown. */
  readonly secret?: boolean
}

type Kind = CompatOption['kind']

/** A line of a table: `name`, what kind of value, what else. */
export const honoured = (
  name: string,
  kind: Kind = 'text',
  more: Partial<CompatOption> = {},
): CompatOption => ({
  name,
  kind,
  becomes: 'honoured',
  ...more,
})
export const harmless = (
  name: string,
  kind: Kind,
  why: string,
  unless: readonly string[] = [],
): CompatOption => ({
  name,
  kind,
  becomes: 'harmless',
  why,
  ...(unless.length > 0 && { unless }),
})
export const refused = (
  name: string,
  kind: Kind,
  why: string,
  unless: readonly string[] = [],
): CompatOption => ({
  name,
  kind,
  becomes: 'refused',
  why,
  ...(unless.length > 0 && { unless }),
})
