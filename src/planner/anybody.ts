import type { Principal } from '../policy/index.ts'

/**
 * Beside accounts that are named with a token's audience, any other account with such a token: who a change lets in
 * by the token alone is found by nobody's name in YAML.
 */
export function withAnybody(principals: readonly Principal[]): readonly Principal[] {
  const others = principals.flatMap((each) =>
    each.kind === 'service-account' && each.audience !== undefined ? [{ ...each, ...anybody }] : [],
  )
  return [...principals, ...others]
}

export const anybody = { namespace: 'default', name: 'default' } as const
