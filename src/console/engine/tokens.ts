import type { At } from '../../base/index.ts'
import { decodeToken, type TokenFacts } from '../../cli/token-facts.ts'
import { fromBase64Url } from '../../policy/index.ts'
import { ask, type Told } from './ask.ts'
import type { OpenMesh } from './open-mesh.ts'
import { verified } from './signatures.ts'

/** One of the door's issuers beside a token. `undefined` = cannot be told here. */
export interface IssuerCheck {
  readonly rule: string
  readonly at: At
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly issuerFits: boolean
  readonly audienceFits: boolean
  readonly inTime: boolean
  readonly signature: boolean | undefined
  readonly keys: number
}

export interface CheckedToken {
  readonly facts: Omit<TokenFacts, 'token'>
  /** All claims, as JSON. */
  readonly claims: string
  readonly header: string
  readonly issuers: readonly IssuerCheck[]
  /** What becomes of a request that carries it. */
  readonly told?: Told
  readonly fault?: string
}

/** Decodes a token and holds it against every rule of every RequestAuthentication. undefined = it is none. */
export async function checkToken(
  open: OpenMesh,
  text: string,
  url: string,
  now: number,
): Promise<CheckedToken | undefined> {
  const facts = decodeToken(text)
  if (facts === undefined) return undefined
  const { token, ...rest } = facts
  const [head = '', body = ''] = token.split('.')
  const keys = open.door.keys()
  const issuers: IssuerCheck[] = []
  for (const policy of open.mesh.requestAuthentications) {
    for (const [index, rule] of policy.jwtRules.entries()) {
      const prefix = `${policy.namespace}/${policy.name}/jwtRules[${index}]/`
      const own = keys.filter(
        ({ id, jwk }) => id.startsWith(prefix) && (jwk as { kfdoor?: string }).kfdoor !== 'assumed',
      )
      const results = await Promise.all(own.map(({ jwk }) => verified(jwk as Record<string, unknown>, token)))
      const audiences = rule.audiences.map(({ value }) => value)
      issuers.push({
        rule: `RequestAuthentication ${policy.namespace}/${policy.name} jwtRules[${index}]`,
        at: rule.issuer.at,
        issuer: rule.issuer.value,
        audiences,
        issuerFits: rule.issuer.value === facts.issuer,
        audienceFits: audiences.length === 0 || audiences.some((one) => facts.audiences.includes(one)),
        inTime:
          (facts.expiresAt === undefined || facts.expiresAt > now * 1000) &&
          (facts.notBefore === undefined || facts.notBefore <= now * 1000),
        signature: own.length === 0 ? undefined : results.some(Boolean),
        keys: own.length,
      })
    }
  }
  const told = await ask(open, { method: 'GET', url, as: 'anonymous', token }, now)
  return {
    facts: rest,
    header: pretty(head),
    claims: pretty(body),
    issuers,
    ...('fault' in told ? { fault: told.fault } : { told }),
  }
}

function pretty(part: string): string {
  try {
    const bytes = fromBase64Url(part)
    return JSON.stringify(JSON.parse(new TextDecoder().decode(bytes)), undefined, 2)
  } catch {
    return ''
  }
}
