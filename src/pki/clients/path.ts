import type { Certificate } from '../certificate.ts'

/** From the leaf to something trusted, leaf first. */
export interface Path {
  readonly certificates: readonly Certificate[]
  /** It ends in a root (issued by itself), not in a trusted certificate below one. */
  readonly rooted: boolean
}

/** How many certificates a path may have; clients stop at about as many. */
const DEEPEST = 10
/** How many paths are tried: cross-signing makes two or three. */
const MOST = 16

const sameAs = (one: Certificate, other: Certificate) => one.node.raw.equals(other.node.raw)
export const selfIssued = ({ subject, issuer }: Certificate) => subject === issuer

/** Whether `issuer` has the name the other asks for, and its key made the signature. */
function signed(one: Certificate, issuer: Certificate): boolean {
  if (one.issuer !== issuer.subject) return false
  try {
    return one.node.verify(issuer.node.publicKey)
  } catch {
    return false
  }
}

/**
 * Every way from `leaf` over what the server sent to what is trusted, the shortest first, and the last
 * certificate whose issuer nobody has, if there is no way.
 */
export function pathsTo(
  leaf: Certificate,
  sent: readonly Certificate[],
  trusted: readonly Certificate[],
): { readonly paths: readonly Path[]; readonly stuckAt?: Certificate } {
  const paths: Path[] = []
  let stuckAt: Certificate | undefined
  let waiting: (readonly Certificate[])[] = [[leaf]]
  while (waiting.length > 0 && paths.length < MOST) {
    const next: (readonly Certificate[])[] = []
    for (const way of waiting.slice(0, MOST)) {
      const last = way.at(-1) as Certificate
      const isTrusted = trusted.some((one) => sameAs(one, last))
      if (isTrusted) paths.push({ certificates: way, rooted: selfIssued(last) })
      if (isTrusted && selfIssued(last)) continue
      const issuers = [...trusted, ...sent].filter(
        (one, at, all) =>
          signed(last, one) &&
          !way.some((before) => sameAs(before, one)) &&
          all.findIndex((same) => sameAs(same, one)) === at,
      )
      if (issuers.length === 0 && !isTrusted) stuckAt = last
      if (way.length < DEEPEST) next.push(...issuers.map((one) => [...way, one]))
    }
    waiting = next
  }
  return { paths, ...(paths.length === 0 && stuckAt && { stuckAt }) }
}
