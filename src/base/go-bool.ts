const yes = ['1', 't', 'T', 'true', 'TRUE', 'True']
const no = ['0', 'f', 'F', 'false', 'FALSE', 'False']

/** As Go's strconv.ParseBool; undefined = what it cannot read. */
export function parseGoBool(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined
  return yes.includes(text) || (no.includes(text) ? false : undefined)
}
