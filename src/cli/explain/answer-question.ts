import { Fault } from '../../base/index.ts'
import { releaseAnswers } from '../../compose/release-answers.ts'
import type { Mesh, Workload } from '../../mesh/index.ts'
import {
  aroundGateways,
  type Door,
  type Entrance,
  type Explanation,
  explain,
  type Principal,
  type Question,
  type Unasked,
} from '../../policy/index.ts'

/** What a question came to, and, where it came to a sign-in, what comes after it. */
export interface Answered {
  readonly question: Question
  readonly as: string
  readonly result: Explanation
  /** Ways to the same workload that no gateway of the mesh is on. */
  readonly around: readonly Entrance[]
  readonly signedIn?: { readonly as: string; readonly result: Explanation }
}

/**
 * The whole answer of `explain`, without reading or asking anything: in a terminal and in a page.
 *
 * @throws Fault ERR_NO_GATEWAY
 */
export function answerQuestion(
  door: Door,
  typed: Question,
  asText: string,
  signature: NonNullable<Question['signature']>,
  ask: (door: Door, question: Question) => Explanation | Unasked = explain,
): Answered {
  const { mesh } = door
  const provider = releaseAnswers(mesh)
  const question: Question = { ...typed, signature, ...(provider && { provider }) }
  const result = asked(ask(door, question))
  const { workload } = result
  const around = aroundGateways(door).filter(
    (one) => one !== result.around && workload !== undefined && reaches(one, workload),
  )
  const answered = { question, as: asText, result, around }
  if (result.verdict !== 'challenge' || typed.principal.kind !== 'anonymous' || typed.answers) return answered
  const as = someUser(mesh)
  const principal: Principal = { kind: 'user', email: as, groups: [], forged: typed.principal.forged }
  const after = ask(door, { ...question, principal })
  return 'problem' in after
    ? answered
    : { ...answered, signedIn: { as: `user:${as}${typed.principal.forged ? '+forged' : ''}`, result: after } }
}

function asked(result: Explanation | Unasked): Explanation {
  if (!('problem' in result)) return result
  throw new Fault('ERR_NO_GATEWAY', { where: `${result.entry}, port ${result.port},` })
}

function reaches({ workload }: Entrance, { namespace, name }: Pick<Workload, 'namespace' | 'name'>): boolean {
  return workload?.namespace === namespace && workload.name === name
}

/** The owner of the first Profile; any user is as good where nobody owns one. */
function someUser(mesh: Mesh): string {
  const owner = mesh.profiles.find(({ owner }) => owner.kind === 'User' && owner.name.includes('@'))
  return owner?.owner.name ?? 'user@example.com'
}
