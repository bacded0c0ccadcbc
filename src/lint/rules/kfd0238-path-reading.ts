import type { Rule } from '../rule.ts'
import { actionOf, nameOf, pathsOf } from '../walk.ts'

/** Paths are compared as the proxy reads them, and the workload may read them in another way. */
export const pathReading: Rule = {
  code: 'KFD0238',
  severity: 'info',
  title: 'paths are denied, and the proxy does not merge slashes',
  why: 'With `pathNormalization` BASE, `//admin` is not `/admin` for a policy, and is for most workloads: a DENY by path is walked around.',
  remedy:
    'Set `meshConfig.pathNormalization.normalization: MERGE_SLASHES`, or allow by path instead of denying.',

  *check({ mesh }) {
    const { pathNormalization } = mesh.meshConfig
    if (/MERGE/.test(pathNormalization)) return
    for (const policy of mesh.authorizationPolicies) {
      if (actionOf(policy) !== 'DENY') continue
      // An ending takes the path whatever is before it, and `/*` takes every path.
      const path = [...pathsOf(policy)].find(
        ({ field, value }) => field === 'paths' && value.startsWith('/') && value !== '/*',
      )
      if (path === undefined) continue
      yield {
        message: `${nameOf(policy)} denies \`${path.value}\`, and \`/${path.value}\` is another path for it`,
        evidence: [{ at: path.at, text: path.value }],
      }
    }
  },
}
