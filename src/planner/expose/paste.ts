/** Words in what is pasted into YAML and shells: as they stand where they can be nothing else, quoted elsewhere. */

const plain = /^[A-Za-z/][A-Za-z0-9._/:@-]*$/
/** What YAML 1.1 reads as something else than a text. */
const special = /^(true|false|yes|no|on|off|y|n|null)$/i

export function yamlWord(text: string): string {
  return plain.test(text) && !special.test(text) && !text.endsWith(':') ? text : JSON.stringify(text)
}

export function shellWord(text: string): string {
  return /^[A-Za-z0-9._/:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
