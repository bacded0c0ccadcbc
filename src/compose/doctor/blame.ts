/** Both views of one answer: what the door said, and which line of its YAML says so. */
import type { Answer } from '../../client/index.ts'
import { finding, type WalkFinding } from '../../doctor/index.ts'
import type { Door, Principal } from '../../policy/index.ts'
import { callerName } from '../../regions/index.ts'
import { compare, type Seen } from '../verify/compare.ts'
import { type Answering, type Prediction, predict } from '../verify/prediction.ts'

/** The door's YAML, and how a command is told of it again: `-f my-mesh/`, `--context prod`. */
export interface DoorYaml {
  readonly engine: Door
  readonly words: string
}

export interface Blamed extends DoorYaml {
  readonly answering: Answering
}

export interface AskedOfDoor {
  readonly method: string
  readonly url: URL
  readonly accept?: string
  readonly token?: string
  /** Whose credential went with it; undefined = nobody's. */
  readonly who?: Principal
}

type Answered = Pick<Answer, 'status' | 'headers' | 'body'>

/** What the engine says about the very request that was refused. */
export function blame(blamed: Blamed, asked: AskedOfDoor, answer: Answered): readonly WalkFinding[] {
  const joined = join(blamed, asked, answer)
  if (joined === undefined) return []
  const { said, agrees, line, keys = false } = joined
  const { verdict, reason, by } = said
  const evidence = by === undefined ? [] : [by]
  if (verdict === 'unknown') {
    return [finding('KFD0326', `${line}: the YAML does not decide it (${reason})`, evidence)]
  }
  if (!agrees) return [differs(joined)]
  if (by === undefined) return []
  const what = keys ? 'reads the token, and its keys do not take the signature' : `did it (${reason})`
  const message = `the door answered ${answer.status} to ${line}; ${by} ${what}`
  return [finding('KFD0326', message, evidence, nextWords(blamed, asked, keys))]
}

/** The same of an answer that is no refusal: worth a word only where the YAML says otherwise. */
export function contradicts(blamed: Blamed, asked: AskedOfDoor, answer: Answered): readonly WalkFinding[] {
  const joined = join(blamed, asked, answer)
  return joined === undefined || joined.agrees || joined.said.verdict === 'unknown' ? [] : [differs(joined)]
}

interface Joined {
  readonly said: Prediction
  readonly agrees: boolean
  readonly saw: string
  readonly line: string
  /** It is a matter of keys, which stand in no YAML. */
  readonly keys?: true
}

function join({ engine, answering }: Blamed, asked: AskedOfDoor, answer: Answered): Joined | undefined {
  const { method, url, accept, token, who = { kind: 'anonymous', forged: false } } = asked
  const [own, other] = url.protocol === 'https:' ? (['https', 'http'] as const) : (['http', 'https'] as const)
  const port = Number(url.port || usual[own])
  const how = { answering, now: Date.now() / 1000, ...(token !== undefined && { token }) }
  const at = (scheme: 'http' | 'https', to: number, badSignature: boolean) =>
    predict(
      engine,
      who,
      {
        method,
        url: `${scheme}://${url.host}${url.pathname}${url.search}`,
        headers: accept === undefined ? [] : [['accept', accept]],
      },
      { ...how, port: to, badSignature },
    )?.prediction
  // TLS may end in front of the gateway, or begin there: what stands there calls a port of its own choice.
  const anywhere = (badSignature = false) =>
    at(own, port, badSignature) ?? at(other, port, badSignature) ?? at(other, usual[other], badSignature)
  const said = anywhere()
  if (said === undefined) return undefined
  const headers: Record<string, string> = {}
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') headers[name] = value
  const seen: Seen = { status: answer.status, headers, body: answer.body }
  const { agrees, saw } = compare(said, seen, method)
  const line = `${method} ${url.pathname}`
  if (!agrees && token !== undefined && aboutKeys.test(answer.body)) {
    // Which rule reads the token can be told all the same.
    const refused = anywhere(true)
    if (refused?.reply?.status === answer.status)
      return { said: refused, agrees: true, saw, line, keys: true }
  }
  return { said, agrees, saw, line }
}

const usual = { http: 80, https: 443 } as const

/** Envoy's words where the keys it has do not go with a token. */
const aboutKeys = /^\s*(Jwt verification fails|Jwks )/

function differs({ said: { verdict, reason, by }, saw, line }: Joined): WalkFinding {
  const why = by === undefined ? reason : `${reason}, by ${by}`
  return finding(
    'KFD0327',
    `the door answered ${saw} to ${line}, and its YAML says ${verdict} (${why})`,
    by === undefined ? [] : [by],
    'is this YAML what the cluster runs? `kfdoor verify` asks the whole map; something in front of the gateway may have answered',
  )
}

/** A token is not repeated: where nobody can be named by it, its own inspection tells. */
function nextWords({ words }: Blamed, { method, url, token, who }: AskedOfDoor, keys: boolean): string {
  if (token !== undefined && (keys || who === undefined)) {
    return `\`kfdoor token inspect - ${words}\` reads the token from stdin and shows which rule takes it, or why none does`
  }
  const as = who === undefined ? 'anonymous' : callerName(who)
  return `\`kfdoor explain ${method} ${url.href} --as ${as} ${words} --trace\` shows every step`
}
