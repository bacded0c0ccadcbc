/**
 * A value as its bytes, one a character. Text that came over HTTP is that already; what comes from YAML
 * or a token's claims may hold any character, and is UTF-8 on the wire, as Envoy sends it. Written as it
 * stands, `\u010a` would lose its upper byte on the way and be a line feed.
 */
export function headerBytes(value: string): string {
  return /[^\0-\xff]/.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value
}

/** The same for an answer's header; `undefined` = no header can hold it. */
export function answerBytes(value: string): string | undefined {
  const bytes = headerBytes(value)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  return /[\0-\x08\x0a-\x1f\x7f]/.test(bytes) ? undefined : bytes
}
