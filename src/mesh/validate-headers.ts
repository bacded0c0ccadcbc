import type { Complaint } from './validate-names.ts'

/** RFC 9110 field names. */
const token = /^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/
const pseudo: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path', ':status'])

/** `@request.auth.claims.a` and `@request.auth.claims[a][b]` (istio pkg/jwt/routing.go). */
export function isClaimKey(name: string): boolean {
  const prefix = '@request.auth.claims'
  if (!name.toLowerCase().startsWith(prefix)) return false
  const rest = name.slice(prefix.length)
  return (
    (rest.startsWith('.') && rest.length > 1) ||
    (rest.startsWith('[') && rest.endsWith(']') && rest.length > 2)
  )
}

/** A header that is matched on. */
export function checkMatchName(name: string): Complaint {
  if (isClaimKey(name) || pseudo.has(name)) return undefined
  return checkToken(name)
}

/** A header CORS lists; `*` is all of them. */
export function checkCorsName(name: string): Complaint {
  return name === '*' ? undefined : checkToken(name)
}

function checkToken(name: string): Complaint {
  if (name === '') return 'a header name is empty'
  return token.test(name) ? undefined : `\`${name}\` is no header name`
}

export function isAuthority(name: string): boolean {
  return /^(:authority|host)$/i.test(name)
}

/** A header that is set on or added to the request: the authority may be, other pseudo headers not. */
export function checkRequestName(name: string): Complaint {
  if (name === '') return 'a header name is empty'
  return name.startsWith(':') && !isAuthority(name)
    ? `\`${name}\`: a pseudo header cannot be changed`
    : undefined
}

/** A header that is removed, or changed on the response. */
export function checkOtherName(name: string): Complaint {
  if (name === '') return 'a header name is empty'
  if (name.startsWith(':') || /^host$/i.test(name))
    return `\`${name}\` cannot be removed, or changed on a response`
  return undefined
}

/** Envoy's header format: `%VAR%`, `%VAR(…)%`, `%%` (istio header_value_validator.go). */
export function checkHeaderValue(value: string): Complaint {
  for (const character of value) {
    const code = character.charCodeAt(0)
    if ((code < 32 && code !== 9) || code === 127) return 'a header value holds a control character'
  }
  return readsAsFormat(value) ? undefined : `\`${value}\`: a \`%\` that stands for itself is written \`%%\``
}

type State = 'literal' | 'name' | 'arguments' | 'text' | 'delimiter' | 'string' | 'close' | 'end'

function readsAsFormat(value: string): boolean {
  let state: State = 'literal'
  for (let at = 0; at < value.length; at++) {
    const character = value.charAt(at)
    const blank = character === ' '
    switch (state) {
      case 'literal':
        if (character !== '%') break
        if (at + 1 === value.length) return false
        if (value.charAt(at + 1) === '%') at++
        else state = 'name'
        break
      case 'name':
        if (character === '%') state = 'literal'
        else if (character === '(') state = 'arguments'
        break
      case 'arguments':
        if (character === '[') state = 'string'
        else if (!blank) state = 'text'
        break
      case 'string':
        if (character === '"') state = 'text'
        else if (!blank) return false
        break
      case 'text':
        if (character === '\\') {
          if (at + 1 === value.length) return false
          at++
        } else if (character === ')') state = 'end'
        else if (character === '"') state = 'delimiter'
        break
      case 'delimiter':
        if (character === ',') state = 'string'
        else if (character === ']') state = 'close'
        else if (!blank) return false
        break
      case 'close':
        if (character === ')') state = 'end'
        else if (!blank) return false
        break
      case 'end':
        if (character === '%') state = 'literal'
        else if (!blank) return false
        break
    }
  }
  return state === 'literal'
}
