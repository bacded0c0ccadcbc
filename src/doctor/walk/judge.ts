import { recognise } from '../signals/index.ts'
import { type WalkCode, walkCodes } from './codes.ts'
import type { HopName, WalkedHop, WalkFinding } from './hop.ts'

export function finding(
  code: WalkCode,
  message: string,
  evidence: readonly string[],
  fix?: string,
): WalkFinding {
  return { code, ...walkCodes[code], message, evidence, ...(fix !== undefined && { fix }) }
}

export const passed = (hop: HopName, ...seen: readonly string[]): WalkedHop => ({
  hop,
  state: 'ok',
  seen,
  findings: [],
})
export const broken = (
  hop: HopName,
  seen: readonly string[],
  ...findings: readonly WalkFinding[]
): WalkedHop => ({
  hop,
  state: 'broken',
  seen,
  findings,
})
export const skipped = (hop: HopName, why: string, ...findings: readonly WalkFinding[]): WalkedHop => ({
  hop,
  state: 'skipped',
  seen: [why],
  findings,
})

/** OpenSSL’s reasons in words, each with what helps. */
const distrust: Readonly<Record<string, readonly [words: string, fix: string]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'it is signed by itself',
    'get the certificate itself and hand it over with --certificate-authority',
  ],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'its CA is not trusted here',
    'get the CA’s certificate and hand it over with --certificate-authority',
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'its CA is not known here',
    'get the CA’s certificate and hand it over with --certificate-authority',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'its CA is not known here, or the door leaves out a certificate between',
    'put the whole chain into tls.crt, and hand the root over with --certificate-authority',
  ],
  CERT_HAS_EXPIRED: ['it has expired', 'renew it: `kfdoor ca sign`, or cert-manager'],
  CERT_NOT_YET_VALID: [
    'it is not valid yet, or the clock of this machine is behind',
    'compare `date` with the door’s',
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: ['it is for other names', 'use a name it has, or make one for this name'],
}

/** What is wrong with the certificates a door shows; empty = nothing. Times in ms. */
export function judgeCertificate(
  shown: {
    readonly chain: readonly {
      readonly subject: string
      readonly issuer: string
      readonly names: readonly string[]
      readonly notAfter: number
      readonly sha256: string
    }[]
    readonly distrust?: string
  },
  host: string,
  now: number,
): readonly WalkFinding[] {
  const [leaf] = shown.chain
  if (leaf === undefined) return []
  const evidence = [
    `subject ${leaf.subject || '(empty)'}`,
    `issuer ${leaf.issuer}`,
    `names ${leaf.names.join(', ') || 'none'}`,
    `until ${new Date(leaf.notAfter).toISOString()}`,
    `sha256 ${leaf.sha256}`,
  ]
  const found: WalkFinding[] = []
  if (leaf.names.length === 0) {
    found.push(
      finding(
        'KFD0318',
        `the certificate names ${host} at most in its subject; browsers, Go, and kfp and requests in Python read subjectAltName only`,
        evidence,
        'make one with names: `kfdoor ca csr` and `kfdoor ca sign`',
      ),
    )
  }
  if (shown.distrust !== undefined) {
    const [words, fix] = distrust[shown.distrust] ?? [shown.distrust, 'see `kfdoor ca inspect`']
    found.push(finding('KFD0306', `the certificate of ${host} is not trusted: ${words}`, evidence, fix))
  }
  const days = Math.floor((leaf.notAfter - now) / 86_400_000)
  if (days >= 0 && days < 14) {
    found.push(
      finding('KFD0307', `the certificate ends in ${days} days`, evidence, 'renew it before it does'),
    )
  }
  return found
}

/** A minute is more than any network explains; tokens are refused from there on. */
const MOST_SKEW = 60_000

export function judgeClock(skewMs: number): readonly WalkFinding[] {
  if (Math.abs(skewMs) < MOST_SKEW) return []
  const minutes = Math.round(Math.abs(skewMs) / 60_000)
  const way = skewMs > 0 ? 'ahead of' : 'behind'
  return [
    finding(
      'KFD0308',
      `the clock of the door is ${minutes} min ${way} this machine’s: tokens are “not valid yet” or “expired”, cookies end early`,
      [`Date header differs by ${Math.round(skewMs / 1000)} s`],
      'set both clocks by NTP',
    ),
  ]
}

/** Known problems that an answer shows, as `kfdoor why` tells them; none when it says nothing that is known. */
export function judgeAnswer(answer: {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** What was asked, and what else is known of it: the issuer of its token, for example. */
  readonly about?: readonly string[]
}): readonly WalkFinding[] {
  const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`)
  const { matches } = recognise(
    [...(answer.about ?? []), `HTTP/1.1 ${answer.status}`, ...lines, '', answer.body].join('\n'),
  )
  const [best] = matches
  if (best === undefined || best.confidence === 'possible') return []
  const { code, title, cause, fix } = best.problem
  return [
    {
      code,
      severity: 'error',
      title: title.en,
      message: cause.en,
      evidence: [`${answer.status} ${answer.body.replace(/\s+/g, ' ').trim().slice(0, 120)}`.trim()],
      fix: fix.en,
    },
  ]
}
