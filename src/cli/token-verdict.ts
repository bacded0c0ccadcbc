import { Fault, isFault } from '../base/index.ts'
import type { ReachOptions } from '../compose/doors/reach.ts'
import { explainOne } from './explain/explain-one.ts'
import type { Io } from './io.ts'
import type { DoorOptions } from './read-door.ts'
import type { TokenFacts } from './token-facts.ts'

/** Whether a door takes a token, and what decides it. */
export interface TokenVerdict {
  readonly takes: 'yes' | 'no' | 'unknown'
  /** `allow`, `deny`, … of the engine; the status of the door that was asked. */
  readonly answer: string
  /** `RequestAuthentication istio-system/dex-jwt jwtRules[0]` */
  readonly rule?: string
  /** `FILE:LINE` */
  readonly at?: string
  readonly reason: string
  /** The signature could not be looked at, and was taken for good. */
  readonly assumed?: boolean
}

const health = 'localhost/pipeline/apis/v2beta1/healthz'

/**
 * By the rules of a mesh's YAML: what the engine says of a request that carries it. Without a URL Pipelines'
 * health is asked for, over plain HTTP where the door has no TLS.
 */
export async function judgeByMesh(
  io: Io,
  facts: TokenFacts,
  url: string | undefined,
  door: DoorOptions,
): Promise<TokenVerdict> {
  const header = [`Authorization: Bearer ${facts.token}`]
  const explained = (at: string) =>
    explainOne(io, 'token inspect', ['GET', at], { as: 'anonymous', header, ...door })
  const { result } = await explained(url ?? `https://${health}`).catch((error: unknown) => {
    if (url !== undefined || !isFault(error) || error.code !== 'ERR_NO_GATEWAY') throw error
    return explained(`http://${health}`)
  })
  const { verdict, steps } = result
  // What stands behind the door may still have its own mind: the question is whether the door takes it.
  const beyond = (steps.at(-1)?.hop ?? 0) > 0 || steps.some(({ phase }) => phase === 'route')
  const takes =
    verdict === 'allow' || verdict === 'not-found' || beyond
      ? 'yes'
      : verdict === 'unknown'
        ? 'unknown'
        : 'no'
  const atDoor = steps.filter(
    ({ hop, object, outcome }) => hop === 0 && object !== undefined && outcome !== 'near-miss',
  )
  const decides =
    (takes === 'yes' ? atDoor.findLast(({ phase }) => phase === 'jwt') : undefined) ?? atDoor.at(-1)
  const { object, rule, at, reason, text } = decides ?? { reason: verdict }
  return {
    takes,
    answer: takes === 'yes' ? 'allow' : verdict,
    ...(object
      ? { rule: `${object.kind} ${object.namespace}/${object.name}${rule === undefined ? '' : ` ${rule}`}` }
      : {}),
    ...(at ? { at: `${at.file}:${at.line}` } : {}),
    reason: text ?? reason.replaceAll('-', ' '),
    assumed: true,
  }
}

/** By the door itself: one request for its health, with this token and nothing else. */
export async function judgeByDoor(
  io: Io,
  facts: TokenFacts,
  reach: ReachOptions & { readonly door?: string },
): Promise<TokenVerdict> {
  const { whichDoor } = await import('../compose/doors/open-door.ts')
  const { agentFor } = await import('../compose/doors/reach.ts')
  const { doorWords, refusePlainHttp } = await import('../client/index.ts')
  const { kept, url } = whichDoor(io.env, reach)
  if (!url) {
    throw new Fault('ERR_CREDENTIALS_MISSING', {
      door: 'a door',
      next: 'name one with `--door NAME`, or sign in with `kfdoor login URL`',
    })
  }
  refusePlainHttp(url, false, 'a token')
  const agent = agentFor(io.env, url, reach, kept)
  try {
    const headers = { authorization: `Bearer ${facts.token}`, accept: 'application/json' }
    const answer = await agent.send({ url: new URL('/pipeline/apis/v2beta1/healthz', url), headers })
    const asks = answer.status >= 300 && answer.status < 400
    const words = asks ? 'it asks to sign in all the same' : doorWords(answer)
    return {
      takes:
        answer.status === 401 || answer.status === 403 || asks
          ? 'no'
          : answer.status < 500
            ? 'yes'
            : 'unknown',
      answer: String(answer.status),
      reason: answer.status < 300 ? 'it let the request in' : words || 'without a word',
    }
  } finally {
    await agent.close()
  }
}
