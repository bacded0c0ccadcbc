/** How a route's rewrite turns patterns of the next proxy's paths into patterns of the door's. */
import { normalizePath, type PathRules, type Route } from '../policy/index.ts'
import { anyChar } from './char-set.ts'
import type { Nfa, Starts } from './nfa.ts'

export interface Through {
  /** The same name means the same transformation. */
  readonly name: string
  /** undefined = nothing is changed. */
  readonly preimage?: (nfa: Nfa, starts: Starts) => Starts
  /** What nobody can follow; the name of it. */
  readonly unknown?: string
}

export const unchanged: Through = { name: '' }

export function throughRoute(route: Route, before: Through, rules: PathRules): Through {
  if (route.action.kind !== 'forward') return before
  const { rewrite } = route.action
  if (rewrite === undefined || before.unknown !== undefined) return before
  const { path } = route
  switch (rewrite.kind) {
    case 'regex':
      return { name: `${before.name}>regex`, unknown: 'uriRegexRewrite' }
    case 'prefix':
      if (path.kind === 'exact' || path.kind === 'regex') return constant(rewrite.to, before, rules)
      if (rewrite.to === path.text && !path.ignoreCase) return before
      return after(before, `${path.ignoreCase ? 'i' : ''}${path.text}>${rewrite.to}`, (nfa, starts) => {
        const rest = nfa.run(starts, rewrite.to)
        const first = nfa.state()
        nfa.join(nfa.chain(first, path.text, path.ignoreCase), rest)
        return [first]
      })
    case 'strip-segments':
      if (path.kind !== 'segments') return before
      return after(before, `${path.text}/>/`, (nfa, starts) => {
        const rest = nfa.run(starts, '/')
        const first = nfa.state()
        const end = nfa.chain(first, path.text)
        // The path itself becomes `/`, and so does the path with its slash.
        for (const state of rest) for (const label of nfa.labels[state] ?? []) nfa.mark(end, label)
        nfa.join(nfa.chain(end, '/'), rest)
        return [first]
      })
  }
}

function constant(path: string, before: Through, rules: PathRules): Through {
  const read = path.startsWith('/') ? normalizePath(path, rules) : undefined
  if (read?.kind !== 'path') return { name: `${before.name}>odd`, unknown: `a rewrite to \`${path}\`` }
  return after(before, `=${read.path}`, (nfa, starts) => {
    const mark = read.path.indexOf('?')
    const ends = nfa.run(starts, mark === -1 ? read.path : read.path.slice(0, mark))
    const every = nfa.state(...new Set(ends.flatMap((state) => nfa.labels[state] ?? [])))
    nfa.edge(every, anyChar, every)
    return [every]
  })
}

function after(before: Through, name: string, own: (nfa: Nfa, starts: Starts) => Starts): Through {
  const earlier = before.preimage
  return {
    name: `${before.name} ${name}`,
    preimage: earlier === undefined ? own : (nfa, starts) => earlier(nfa, own(nfa, starts)),
  }
}
