import type { Hop } from '../http/visitor.ts'

/**
 * Which Dex versions walk like this. For people who read it; nothing is decided by it. Facts: dexidp/dex
 * `server/handlers.go` by tag: form at `?req=` up to 2.28, always through `/approval` up to 2.35 (with an
 * HMAC in 2.35), straight back up to 2.45, through `/auth?req&hmac` after it.
 */
export function dexBehaviour(hops: readonly Hop[], approval: boolean): string | undefined {
  const form = hops.findLast(({ method, url }) => method === 'POST' && /\/auth\/[^/]+/.test(url.pathname))
  if (!form) return undefined
  if (form.url.searchParams.has('req')) return 'up to 2.28'
  if (!form.url.searchParams.has('state')) return undefined
  const next = hops[hops.indexOf(form) + 1]
  if (!next) return undefined
  if (/\/auth$/.test(next.url.pathname) && next.url.searchParams.has('hmac')) return 'after 2.45'
  if (!next.url.pathname.endsWith('/approval')) return '2.36–2.45'
  if (!next.url.searchParams.has('hmac')) return '2.29–2.34'
  return approval ? '2.35–2.45' : '2.35'
}
