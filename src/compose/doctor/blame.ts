/** Both views of one refusal: what the door answered, and which line of its YAML says so. */
import type { Answer } from '../../client/index.ts'
import { finding, type WalkFinding } from '../../doctor/index.ts'
import type { Door, Principal } from '../../policy/index.ts'
import { compare } from '../verify/compare.ts'
import { type Answering, predict } from '../verify/prediction.ts'

export interface Blamed {
  readonly engine: Door
  readonly answering: Answering
}

/**
 * What the engine says about the very request that was refused. `who` is the one whose credential went
 * with it; undefined = nobody's.
 */
export function blame(
  { engine, answering }: Blamed,
  asked: { readonly method: string; readonly url: URL; readonly token?: string; readonly who?: Principal },
  answer: Pick<Answer, 'status' | 'headers' | 'body'>,
): readonly WalkFinding[] {
  const { method, url, token, who = { kind: 'anonymous', forged: false } } = asked
  const scheme = url.protocol === 'https:' ? 'https' : 'http'
  const port = Number(url.port || (scheme === 'https' ? 443 : 80))
  const witness = { method, url: `${scheme}://${url.host}${url.pathname}${url.search}`, headers: [] }
  const how = { answering, now: Date.now() / 1000, port, ...(token !== undefined && { token }) }
  const said = predict(engine, who, witness, how)
  if (said === undefined) return []
  const { verdict, reason, by } = said.prediction
  const headers: Record<string, string> = {}
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') headers[name] = value
  const { status, body } = answer
  const { agrees } = compare(said.prediction, { status, headers, body }, method)
  const line = `${method} ${url.pathname}`
  if (verdict === 'unknown') {
    return [
      finding('KFD0326', `${line}: the YAML does not decide it (${reason})`, by === undefined ? [] : [by]),
    ]
  }
  if (agrees && by !== undefined) {
    const message = `the door answered ${status} to ${line}; ${by} did it (${reason})`
    return [
      finding(
        'KFD0326',
        message,
        [by],
        `\`kfdoor explain ${method} ${witness.url} --trace\` shows every step`,
      ),
    ]
  }
  if (agrees) return []
  const what = `the door answered ${status} to ${line}, and its YAML says ${verdict} (${reason}${by === undefined ? '' : `, by ${by}`})`
  return [
    finding(
      'KFD0327',
      what,
      by === undefined ? [] : [by],
      'is this YAML what the cluster runs? `kfdoor verify` asks the whole map; something in front of the gateway may have answered',
    ),
  ]
}
