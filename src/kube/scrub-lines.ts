/** Secrets in texts of lines: TOML, INI, properties, variables. */

import { isReference } from './scrub-looks.ts'
import { isSecretGroup, isSecretHeader, isSecretName } from './secret-names.ts'

interface Hands {
  fingerprint(value: string): string
  anywhere(text: string): string
}

const setting = /^(\s*(?:-\s+|export\s+|set\s+)?["']?([A-Za-z0-9_.-]+)["']?\s*[:=]\s*)(.*?)\s*$/
const comment = /^\s*([#;]|\/\/)/
const section = /^\s*\[+[\w."' -]+\]+\s*$/
/** Part of a list or a table over several lines: texts and brackets only. */
const item = /^\s*(?:[[\]{}(),]|"[^"]*"|'[^']*'|[\w.+-]+)(?:\s*(?:[[\]{}(),]|"[^"]*"|'[^']*'))*\s*(?:#.*)?$/

/** `name: value`, `name = "value"`; comments go, for they hold what was there before. */
export function scrubLines(text: string, hands: Hands): string {
  let held = false
  let within = false
  return hands
    .anywhere(text)
    .split('\n')
    .map((line) => {
      if (comment.test(line)) return line.replace(/([#;]|\/\/).*$/, '$1')
      if (line.trim() === '') return line
      if (section.test(line)) {
        within = isSecretGroup(line.replace(/["'\]\s]+$/, '').replace(/^.*[.[\s"']/, ''))
        held = false
        return line
      }
      const [, before = '', name = '', value = ''] = setting.exec(line) ?? []
      // What stands on the lines below a secret's name is the rest of it.
      if (name === '') return held || spoken.test(line) ? hands.fingerprint(line) : bare(line)
      held = within || isSecretName(name) || isSecretHeader(name)
      if (!held && pairs(value)) return `${before}${hands.fingerprint(value)}`
      if (!held) return bare(line)
      if (isReference(value) || /^(true|false)$/.test(value)) return line
      if (value === '') return line
      const quote = /^(["']).*\1,?$/.test(value) ? (value[0] as string) : ''
      const inner = quote === '' ? value : value.replace(/^["']|["'],?$/g, '')
      return `${before}${quote}${hands.fingerprint(inner)}${quote}`
    })
    .join('\n')
}

/** Whether these are settings and nothing else: then names tell what is secret. */
export function areSettings(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length === 1) return !/^\s*[<[{]|=>/.test(text)
  let open = 0
  return lines.every((line) => {
    const fits =
      comment.test(line) || section.test(line) || setting.test(line) || (open > 0 && item.test(line))
    const plain = line.replace(/"[^"]*"|'[^']*'/g, '')
    if (!comment.test(line) && !section.test(line))
      open += (plain.match(/[[{(]/g)?.length ?? 0) - (plain.match(/[\]})]/g)?.length ?? 0)
    return fits
  })
}

/** `login jane password hunter2` */
const spoken = /\b(password|passwd|secret|token)\s+\S/i

/** Whether a value holds pairs of its own, one of which is secret: a line of a program, a table. */
function pairs(value: string): boolean {
  const found = value.matchAll(/["']?([A-Za-z][\w.-]*)["']?\s*(?:=>|[:=])\s*["']?(?!scrubbed:)[^\s"',;})]/g)
  return [...found].some(([, name = '']) => isSecretName(name))
}

/** Without what is said behind it. */
function bare(line: string): string {
  const [all = line] = /^(?:"[^"]*"|'[^']*'|[^"'#])*/.exec(line) ?? []
  return line[all.length] === '#' && /\s$/.test(all) ? `${all}#` : line
}
