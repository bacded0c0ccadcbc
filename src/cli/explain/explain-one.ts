import { Fault } from '../../base/index.ts'
import { releaseAnswers } from '../../compose/release-answers.ts'
import { createVerifier } from '../../identity/index.ts'
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
import type { Io } from '../io.ts'
import { type DoorOptions, readDoor } from '../read-door.ts'
import { type QuestionOptions, readQuestion } from './read-question.ts'

/** What a question came to, and, where it came to a sign-in, what comes after it. */
export interface Answered {
  readonly question: Question
  readonly as: string
  readonly result: Explanation
  /** Ways to the same workload that no gateway of the mesh is on. */
  readonly around: readonly Entrance[]
  readonly signedIn?: { readonly as: string; readonly result: Explanation }
}

/** @throws Fault for whatever the question or the YAML has wrong, with its place */
export async function explainOne(
  io: Pick<Io, 'readStdin' | 'env' | 'err'>,
  command: string,
  words: readonly string[],
  options: QuestionOptions & DoorOptions,
): Promise<Answered> {
  const typed = readQuestion(command, words, options, Date.now() / 1000)
  const { mesh, door } = await readDoor(io, command, options)
  const provider = releaseAnswers(mesh)
  const question: Question = {
    ...typed,
    signature: signatures(door, typed),
    ...(provider && { provider }),
  }
  const ask = await explainer(options)
  const result = asked(ask(door, question))
  const { workload } = result
  const around = aroundGateways(door).filter(
    (one) => one !== result.around && workload !== undefined && reaches(one, workload),
  )
  const answered = { question, as: options.as, result, around }
  if (result.verdict !== 'challenge' || typed.principal.kind !== 'anonymous' || typed.answers) return answered
  const as = someUser(mesh)
  const principal: Principal = { kind: 'user', email: as, groups: [], forged: typed.principal.forged }
  const after = ask(door, { ...question, principal })
  return 'problem' in after
    ? answered
    : { ...answered, signedIn: { as: `user:${as}${typed.principal.forged ? '+forged' : ''}`, result: after } }
}

/** A kfdoor gateway is stricter than Istio; its code is only loaded where it is asked about. */
export async function explainer({ hardening }: DoorOptions): Promise<typeof explain> {
  return hardening === 'default'
    ? (await import('../../compose/hardened/explain.ts')).explainHardened
    : explain
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

/** Tokens the question brings are checked with the keys the YAML holds; others are beyond anybody here. */
function signatures(door: Door, question: Question): NonNullable<Question['signature']> {
  const { headers, path } = question
  if (door.tokensIn({ headers, path }).length === 0) return () => false
  const keys = door.keys()
  const assumed = new Set(keys.filter(({ jwk }) => jwk.kfdoor === 'assumed').map(({ id }) => id))
  const held = keys.filter(({ id }) => !assumed.has(id))
  const verifier = createVerifier(held.map(({ id, jwk }) => ({ id, jwk: jwk as JsonWebKey })))
  return (keyId, token) => (assumed.has(keyId) ? undefined : verifier.verified(keyId, token))
}
