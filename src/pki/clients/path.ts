import type { Certificate } from '../certificate.ts'
import { foldedName } from '../distinguished-name.ts'
import { signatures } from './signatures.ts'

/** From the leaf to something trusted, leaf first. */
export interface Path {
  readonly certificates: readonly Certificate[]
  /** It ends in a root (issued by itself), not in a trusted certificate below one. */
  readonly rooted: boolean
}

/** What leads from a leaf to what is trusted, and the certificate whose issuer nobody has, if nothing does. */
export interface Ways {
  readonly paths: readonly Path[]
  readonly stuckAt?: Certificate
}

/** How many certificates a path may have; clients stop at about as many. */
const DEEPEST = 10
/** How many paths are tried: cross-signing makes two or three. */
const MOST = 16

const sameAs = (one: Certificate, other: Certificate) => one.node.raw.equals(other.node.raw)
const within = (list: readonly Certificate[], one: Certificate) => list.some((each) => sameAs(each, one))
const foldsTo = (one: Certificate, issuer: Certificate) =>
  foldedName(one.issuerName) === foldedName(issuer.subjectName)
/** The names alone; who signed is another question. */
export const selfIssued = (one: Certificate) => foldsTo(one, one)

/** A certificate, for people. */
export const nameOf = (one: Certificate) =>
  one.commonNames.at(-1) ?? (one.subject.split('\n').join(', ') || 'a certificate without a name')

/** Whether the key of `issuer` made the signature of the other. */
export function signed(one: Certificate, issuer: Certificate): boolean {
  try {
    return one.node.verify(issuer.node.publicKey)
  } catch {
    return false
  }
}

/**
 * The one path that OpenSSL follows (`build_chain` in `x509_vfy.c`): at every step what is trusted goes
 * before what was sent, what is valid now before what is not, and names and key identifiers decide; the
 * signature is looked at when it is too late to turn back.
 *
 * @param partial it stops at a trusted certificate that is no root
 */
export function opensslWay(
  leaf: Certificate,
  sent: readonly Certificate[],
  trusted: readonly Certificate[],
  { partial, now }: { readonly partial: boolean; readonly now: number },
): Ways {
  if (partial && within(trusted, leaf)) return { paths: [{ certificates: [leaf], rooted: false }] }
  const way = [leaf]
  let untrusted = true
  while (way.length <= DEEPEST) {
    const last = way.at(-1) as Certificate
    const root = likelyIssued(last, last)
    const from = (list: readonly Certificate[]) =>
      best(
        list.filter((one) => likelyIssued(last, one) && ((root && sameAs(last, one)) || !within(way, one))),
        now,
      )
    const known = from(trusted)
    if (known && root) {
      // A namesake of a trusted root is not the root.
      return sameAs(known, last)
        ? { paths: [{ certificates: way, rooted: true }] }
        : { paths: [], stuckAt: last }
    }
    const next = known ?? (untrusted && !root ? from(sent) : undefined)
    if (next === undefined) {
      // The last one is trusted, and the client wants the root above.
      return untrusted ? { paths: [], stuckAt: last } : { paths: [{ certificates: way, rooted: false }] }
    }
    way.push(next)
    if (!known) continue
    untrusted = false
    if (partial || likelyIssued(next, next)) {
      return { paths: [{ certificates: way, rooted: likelyIssued(next, next) }] }
    }
  }
  return { paths: [], stuckAt: leaf }
}

/** `ossl_x509_likely_issued`: the name, the kind of key, and what authorityKeyIdentifier says of the issuer. */
function likelyIssued(one: Certificate, issuer: Certificate): boolean {
  if (!foldsTo(one, issuer) || signatures.get(one.signature)?.key !== signedWith(issuer)) return false
  const { keyId, issuer: named, serial } = one.authorityKeyId ?? {}
  return (
    (keyId === undefined || issuer.subjectKeyId === undefined || keyId === issuer.subjectKeyId) &&
    (serial === undefined || serial === issuer.serial) &&
    (named === undefined || foldedName(named) === foldedName(issuer.issuerName))
  )
}

/** An RSA key signs by PSS too, so both are one kind. */
const signedWith = ({ key }: Certificate) => (key.type === 'rsa-pss' ? 'rsa' : key.type)

function best(candidates: readonly Certificate[], now: number): Certificate | undefined {
  return (
    candidates.find(({ notBefore, notAfter }) => notBefore <= now && now <= notAfter) ??
    [...candidates].sort((one, other) => other.notAfter - one.notAfter)[0]
  )
}

/** Every way over certificates that truly signed, the shortest first: Go and Chromium try them all. */
export function everyWay(
  leaf: Certificate,
  sent: readonly Certificate[],
  trusted: readonly Certificate[],
  named: (one: Certificate, issuer: Certificate, isTrusted: boolean) => boolean,
): Ways {
  const paths: Path[] = []
  let stuckAt: Certificate | undefined
  let waiting: (readonly Certificate[])[] = [[leaf]]
  while (waiting.length > 0 && paths.length < MOST) {
    const next: (readonly Certificate[])[] = []
    for (const way of waiting.slice(0, MOST)) {
      const last = way.at(-1) as Certificate
      const isTrusted = within(trusted, last)
      if (isTrusted) paths.push({ certificates: way, rooted: selfIssued(last) })
      if (isTrusted && selfIssued(last)) continue
      const issuers = [...trusted, ...sent].filter(
        (one, at, all) =>
          named(last, one, at < trusted.length) &&
          signed(last, one) &&
          !within(way, one) &&
          all.findIndex((same) => sameAs(same, one)) === at,
      )
      if (issuers.length === 0 && !isTrusted) stuckAt = last
      if (way.length < DEEPEST) next.push(...issuers.map((one) => [...way, one]))
    }
    waiting = next
  }
  return { paths, ...(paths.length === 0 && stuckAt && { stuckAt }) }
}

/** Go compares the octets of names. */
export const namedForGo = (one: Certificate, issuer: Certificate) =>
  one.issuerName.raw === issuer.subjectName.raw
/** Chromium folds names, and looks up what a person has imported by its octets, since NSS keeps it so. */
export const namedForChromium = (one: Certificate, issuer: Certificate, isTrusted: boolean) =>
  isTrusted ? namedForGo(one, issuer) : foldsTo(one, issuer)
