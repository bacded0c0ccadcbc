/**
 * The four value patterns an AuthorizationPolicy can write: `exact`, `prefix*`, `*suffix`, and `*`
 * for "present and not empty". One star, at one end, is special: `/dex/**` is the literal prefix
 * `/dex/*`, which no ordinary request has. `{*}` and `{**}` live in path-template.ts.
 *
 * Agrees with `StringMatcher` in Istio's pilot/pkg/security/authz/matcher/string.go.
 */
export type ValuePattern =
  | { readonly kind: 'present' }
  | { readonly kind: 'exact' | 'prefix' | 'suffix'; readonly text: string }

/** Every string is a pattern, so this cannot fail. */
export function parseValuePattern(source: string): ValuePattern {
  // `*` first: as a prefix or suffix it would match the empty string too.
  if (source === '*') return { kind: 'present' }
  if (source.startsWith('*')) return { kind: 'suffix', text: source.slice(1) }
  if (source.endsWith('*')) return { kind: 'prefix', text: source.slice(0, -1) }
  return { kind: 'exact', text: source }
}

export function matchesValue(pattern: ValuePattern, value: string): boolean {
  switch (pattern.kind) {
    case 'present':
      // Istio writes RE2 `.+`, whose dot leaves out line breaks; a claim can hold one.
      return value !== '' && !value.includes('\n')
    case 'exact':
      return value === pattern.text
    case 'prefix':
      return value.startsWith(pattern.text)
    case 'suffix':
      return value.endsWith(pattern.text)
  }
}

/** ASCII only, as Envoy compares with `ignore_case`. */
export function lowerCase(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 65 && code <= 90) {
      return text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase())
    }
  }
  return text
}
