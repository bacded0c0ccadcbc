import type { Certificate } from './certificate.ts'
import { type ClientVerdict, judgeClients } from './clients/judge.ts'

/** Whom a client asks for where a name is written with a star. */
export const askedFor = (written: string): string => written.replace(/^\*/, 'a')

/** The first host, else address, that a certificate is for. */
export function firstName({ names }: Pick<Certificate, 'names'>): string | undefined {
  return names?.dns[0] ?? names?.ips[0]
}

export interface Refusals {
  readonly written: string
  readonly host: string
  readonly by: readonly ClientVerdict[]
  /** No client takes it. */
  readonly ofAll: boolean
}

/** Who refuses a chain (leaf first) when asked for a name as a Gateway or a certificate writes it; `trusted` as for `judgeClients`. */
export function refusalsOf(
  chain: readonly Certificate[],
  written: string,
  trusted: readonly Certificate[] | undefined,
  now: number,
): Refusals {
  const host = askedFor(written)
  const verdicts = judgeClients({ chain, host, trusted, now })
  const by = verdicts.filter(({ accepts }) => accepts === 'no')
  return { written, host, by, ofAll: by.length > 0 && by.length === verdicts.length }
}
