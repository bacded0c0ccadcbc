import { Fault, isFault, renderProblem } from '../../base/index.ts'
import { type Answered, answerQuestion } from '../../cli/explain/answer-question.ts'
import { asJson } from '../../cli/explain/as-json.ts'
import { checkMethod, readHeader, readPrincipal, readUrl } from '../../cli/explain/question-parts.ts'
import {
  aroundText,
  decidingStep,
  hopName,
  identityOf,
  outcome,
  sentence,
  wayIn,
} from '../../cli/explain/words.ts'
import type { HeaderList, Question, Step, Verdict } from '../../policy/index.ts'
import type { OpenMesh } from './open-mesh.ts'
import { Signatures } from './signatures.ts'

/** A question as the request view holds it. */
export interface Ask {
  readonly method: string
  readonly url: string
  /** `anonymous`, `user:EMAIL`, …: as `--as` takes it. */
  readonly as: string
  /** `Name: value`, one each. */
  readonly headers?: readonly string[]
  /** A bearer token; it never leaves the page. */
  readonly token?: string
}

/** A step as it is shown. */
export interface ToldStep extends Step {
  readonly words: string
  readonly decides: boolean
}

/** An answer as the request view shows it. */
export interface Told {
  /** `explain -o json`, byte for byte. */
  readonly json: string
  readonly verdict: Verdict
  readonly reason: string
  readonly outcome: string
  readonly wayIn: string
  readonly identity: string
  readonly steps: readonly ToldStep[]
  readonly hops: readonly string[]
  readonly signedIn?: { readonly as: string; readonly verdict: Verdict; readonly outcome: string }
  readonly around: readonly string[]
}

export type ToldOrNot = Told | { readonly fault: string; readonly number: string }

/** Puts a question to a mesh. Bad input and a mesh that cannot be used are answers too. */
export async function ask({ door, problems }: OpenMesh, asked: Ask, now: number): Promise<ToldOrNot> {
  try {
    const errors = problems.filter(({ severity }) => severity === 'error')
    if (errors.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: errors.map(renderProblem) })
    const question = questionOf(asked, now)
    const { headers, path } = question
    const carries = door.tokensIn({ headers, path }).length > 0
    const signatures = new Signatures(carries ? door.keys() : [])
    // Without a token of its own the question's principal says what is good.
    const look = carries ? signatures.look : () => false
    let answered = answerQuestion(door, question, asked.as, look)
    while (await signatures.settle()) answered = answerQuestion(door, question, asked.as, look)
    return tell(answered)
  } catch (error) {
    if (!isFault(error)) throw error
    return { fault: error.message, number: error.number }
  }
}

/** @throws Fault ERR_USAGE */
function questionOf({ method, url, as, headers = [], token }: Ask, now: number): Question {
  checkMethod(method)
  const target = readUrl(url)
  const lines: HeaderList = [
    ...headers.map(readHeader),
    ...(token === undefined || token === '' ? [] : [['Authorization', `Bearer ${token}`] as const]),
  ]
  const named = lines.find(([name]) => name.toLowerCase() === 'host')
  return {
    method,
    scheme: target.scheme,
    host: named?.[1] ?? target.host,
    ...(named !== undefined && { connectTo: target.host }),
    path: target.path,
    headers: lines.filter((line) => line !== named),
    principal: readPrincipal(as),
    now,
  }
}

function tell(answered: Answered): Told {
  const { result, signedIn, around } = answered
  const deciding = decidingStep(result)
  const hops = Math.max(-1, ...result.steps.map(({ hop }) => hop))
  return {
    json: asJson(answered),
    verdict: result.verdict,
    reason: result.reason,
    outcome: outcome(answered),
    wayIn: wayIn(result),
    identity: identityOf(result),
    steps: result.steps.map((step) => ({ ...step, words: sentence(step), decides: step === deciding })),
    hops: Array.from({ length: hops + 1 }, (_, hop) => hopName(result, hop)),
    ...(signedIn && {
      signedIn: {
        as: signedIn.as,
        verdict: signedIn.result.verdict,
        outcome: outcome({ ...answered, ...signedIn }),
      },
    }),
    around: around.map(aroundText),
  }
}
