import type { Attributes } from './attributes.ts'
import type { HeaderList } from './decision.ts'
import { withHeader, withoutHeader } from './header-list.ts'
import { isSingleHeader } from './request-head.ts'

/** What a Lua filter does to the request's headers, statement by statement. */
export type LuaHeaders = readonly Statement[]

type Statement =
  | { readonly kind: 'get'; readonly variable: string; readonly header: string }
  | { readonly kind: 'add' | 'replace'; readonly header: string; readonly value: Operand }
  | { readonly kind: 'remove'; readonly header: string }

type Operand = { readonly literal: string } | { readonly variable: string }

/**
 * Understands scripts that only copy, add, replace and remove request headers, such as Kubeflow's
 * `x-forwarded-host`; undefined for anything that does more.
 */
export function readLuaHeaders(code: string): LuaHeaders | undefined {
  const plain = code.replace(/--[^\n]*/g, '')
  const outer = /^\s*function\s+envoy_on_request\s*\(\s*(\w+)\s*\)([\s\S]*)\bend\s*$/.exec(plain)
  if (outer === null) return undefined
  const [, handle, body] = outer as unknown as [string, string, string]
  const headers = `${handle}\\s*:\\s*headers\\s*\\(\\s*\\)\\s*:\\s*`
  const text = `"([^"\\\\]*)"`
  const shapes: readonly [RegExp, (match: RegExpExecArray) => Statement][] = [
    [
      new RegExp(`^local\\s+(\\w+)\\s*=\\s*${headers}get\\s*\\(\\s*${text}\\s*\\)`),
      (m) => ({ kind: 'get', variable: m[1] as string, header: lower(m[2]) }),
    ],
    [
      new RegExp(`^${headers}(add|replace)\\s*\\(\\s*${text}\\s*,\\s*(?:${text}|(\\w+))\\s*\\)`),
      (m) => ({
        kind: m[1] as 'add' | 'replace',
        header: lower(m[2]),
        value: m[4] === undefined ? { literal: m[3] ?? '' } : { variable: m[4] },
      }),
    ],
    [
      new RegExp(`^${headers}remove\\s*\\(\\s*${text}\\s*\\)`),
      (m) => ({ kind: 'remove', header: lower(m[1]) }),
    ],
  ]
  const statements: Statement[] = []
  let rest = body.trim()
  next: while (rest !== '') {
    for (const [shape, statement] of shapes) {
      const match = shape.exec(rest)
      if (match === null) continue
      statements.push(statement(match))
      rest = rest.slice(match[0].length).replace(/^[\s;]+/, '')
      continue next
    }
    return undefined
  }
  return statements
}

const lower = (text: string | undefined) => (text ?? '').toLowerCase()

export function runLuaHeaders(script: LuaHeaders, attributes: Attributes): HeaderList {
  const variables = new Map<string, string>()
  let headers = attributes.source.headers
  for (const statement of script) {
    switch (statement.kind) {
      case 'get':
        attributes.someHeader(statement.header, (value) => {
          variables.set(statement.variable, value)
          return true
        })
        break
      case 'add':
      case 'replace': {
        const { value } = statement
        const text = 'literal' in value ? value.literal : variables.get(value.variable)
        // Adding nil is a script error, which Envoy logs and passes over.
        if (text === undefined) return headers
        headers =
          statement.kind === 'add'
            ? withAdded(headers, statement.header, text)
            : withHeader(headers, statement.header, text)
        break
      }
      case 'remove':
        headers = withoutHeader(headers, statement.header)
    }
  }
  return headers
}

/** Headers Envoy keeps once are joined. */
function withAdded(headers: HeaderList, name: string, value: string): HeaderList {
  const before = isSingleHeader(name) ? headers.find((header) => header[0] === name) : undefined
  if (before === undefined) return [...headers, [name, value]]
  return headers.map((header) => (header === before ? [name, `${before[1]},${value}`] : header))
}
