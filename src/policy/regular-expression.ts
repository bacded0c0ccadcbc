import { RE2JS } from 're2js'

/**
 * RE2 expressions from policy text, compiled when first needed and kept. `undefined` stands for one
 * RE2 does not take: Envoy then refuses the whole configuration, so nothing may depend on it.
 */
const compiled = new Map<string, RE2JS | undefined>()

/** Keeps what a long-running process remembers of other people's patterns bounded. */
const most = 4096

function compile(pattern: string): RE2JS | undefined {
  if (compiled.has(pattern)) return compiled.get(pattern)
  if (compiled.size >= most) compiled.clear()
  let expression: RE2JS | undefined
  try {
    expression = RE2JS.compile(pattern)
  } catch {
    expression = undefined
  }
  compiled.set(pattern, expression)
  return expression
}

/** The whole text has to match, as everywhere in Envoy. */
export function matchesExpression(pattern: string, text: string): boolean {
  return compile(pattern)?.matches(text) ?? false
}

/** Every match of `pattern` gives way to `rewrite`, in which `\1` is a group: RE2's GlobalReplace. */
export function substitute(pattern: string, rewrite: string, text: string): string {
  const expression = compile(pattern)
  if (expression === undefined) return text
  const matcher = expression.matcher(text)
  let result = ''
  let end = 0
  while (matcher.find()) {
    const start = matcher.start()
    // GlobalReplace leaves out an empty match right behind the last one.
    if (start === matcher.end() && start === end && end > 0) continue
    result += text.slice(end, start)
    result += rewrite.replace(/\\(\\|\d)/g, (_, group: string) =>
      group === '\\' ? '\\' : (matcher.group(Number(group)) ?? ''),
    )
    end = matcher.end()
  }
  return result + text.slice(end)
}
