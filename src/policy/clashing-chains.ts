import type { Chain } from './listener.ts'

/**
 * The server name for which Envoy refuses a listener with these filter chains, `*` for chains that both
 * take any; undefined = it takes the listener. istiod compares hosts as written (`gateway.go`,
 * CheckDuplicates), so `app.test` beside `apps/app.test`, or `*` beside `apps/*`, gets through it. Agrees
 * with Envoy's filter_chain_manager_impl.cc, which takes a name once for a listener.
 */
export function clashingName(chains: readonly Chain[]): string | undefined {
  const taken = new Set<string>()
  for (const { serverNames = ['*'] } of chains) {
    for (const name of serverNames) {
      if (taken.has(name)) return name
      taken.add(name)
    }
  }
  return undefined
}
