import { sayEnd, span } from '../times.ts'
import type { TokenFacts } from '../token-facts.ts'
import type { TokenVerdict } from '../token-verdict.ts'

const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())

export function inspectAsJson(
  { token: _, ...facts }: TokenFacts,
  verdict: TokenVerdict | undefined,
  now: number,
) {
  return {
    algorithm: facts.algorithm ?? null,
    keyId: facts.keyId ?? null,
    issuer: facts.issuer ?? null,
    subject: facts.subject ?? null,
    email: facts.email ?? null,
    groups: facts.groups ?? [],
    audiences: facts.audiences,
    serviceAccount: facts.serviceAccount ?? null,
    issuedAt: iso(facts.issuedAt),
    notBefore: iso(facts.notBefore),
    expiresAt: iso(facts.expiresAt),
    expired: facts.expiresAt !== undefined && facts.expiresAt <= now,
    verdict: verdict ?? null,
  }
}

export function renderInspect(facts: TokenFacts, verdict: TokenVerdict | undefined, now: number): string {
  const rows: [string, string | undefined][] = [
    ['issuer', facts.issuer ?? 'none'],
    ['subject', facts.subject ?? 'none'],
    ['email', facts.email],
    ['groups', facts.groups?.join(', ')],
    ['audience', facts.audiences.join(', ') || 'none'],
    ['account', facts.serviceAccount],
    ['algorithm', `${facts.algorithm ?? 'none'}${facts.keyId === undefined ? '' : `, key ${facts.keyId}`}`],
    ['issued', facts.issuedAt === undefined ? undefined : `${span(now - facts.issuedAt)} ago`],
    ['life', facts.expiresAt === undefined ? 'no end' : sayEnd(facts.expiresAt, now)],
  ]
  const lines = rows.flatMap(([key, value]) => (value === undefined ? [] : [`${key.padEnd(10)} ${value}`]))
  if (facts.notBefore !== undefined && facts.notBefore > now) {
    lines.push(`not valid for another ${span(facts.notBefore - now)}: look at the clocks`)
  }
  if (facts.algorithm === 'none' || facts.algorithm?.startsWith('HS')) {
    lines.push('a door takes no token of this algorithm: it could be made by anybody')
  }
  if (verdict) {
    const { takes, answer, rule, at, reason } = verdict
    const says = takes === 'yes' ? 'would take it' : takes === 'no' ? 'would not take it' : 'cannot be told'
    lines.push('', `the door ${says} (${answer}): ${reason}`)
    if (rule !== undefined) lines.push(`by         ${rule}${at === undefined ? '' : `, ${at}`}`)
    if (takes !== 'no' && verdict.assumed) lines.push('if its signature is good: keys are not looked at here')
  } else {
    lines.push(
      '',
      'would a door take it? `-f YAML` puts its rules to it, `--ask` asks the door you signed in to',
    )
  }
  return lines.join('\n')
}
