import type { Rule } from '../rule.ts'
import { pathsOf } from '../walk.ts'

/** `/dex/**` reads like "everything under /dex" and is the literal prefix `/dex/*`. */
export const doubleStarPath: Rule = {
  code: 'KFD0214',
  severity: 'warning',
  title: 'a path pattern ends in a double star',
  why: 'Only the last star is a wildcard, so `/dex/**` matches paths that literally begin with `/dex/*`, which no request has: the pattern does nothing.',
  remedy: 'Write one star: a prefix takes everything below it.',

  *check({ mesh }) {
    for (const policy of mesh.authorizationPolicies) {
      for (const path of pathsOf(policy)) {
        if (!path.value.endsWith('**') || path.value.startsWith('*') || path.value.includes('{')) continue
        const single = path.value.replace(/\*+$/, '*')
        yield {
          message: `\`${path.value}\` only matches paths that literally start with \`${path.value.slice(0, -1)}\``,
          evidence: [{ at: path.at, text: path.value }],
          fix: { at: path.at, replace: path.value, with: single },
        }
      }
    }
  },
}
