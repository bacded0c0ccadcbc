import { createVerifier } from '../../identity/index.ts'
import { type Door, explain, type Question } from '../../policy/index.ts'
import type { Io } from '../io.ts'
import { type DoorOptions, readDoor } from '../read-door.ts'
import { type Answered, answerQuestion } from './answer-question.ts'
import { type QuestionOptions, readQuestion } from './read-question.ts'

/** @throws Fault for whatever the question or the YAML has wrong, with its place */
export async function explainOne(
  io: Pick<Io, 'readStdin' | 'env' | 'err'>,
  command: string,
  words: readonly string[],
  options: QuestionOptions & DoorOptions,
): Promise<Answered> {
  const typed = readQuestion(command, words, options, Date.now() / 1000)
  const { door } = await readDoor(io, command, options)
  return answerQuestion(door, typed, options.as, signatures(door, typed), await explainer(options))
}

/** A kfdoor gateway is stricter than Istio; its code is only loaded where it is asked about. */
export async function explainer({ hardening }: DoorOptions): Promise<typeof explain> {
  return hardening === 'default'
    ? (await import('../../compose/hardened/explain.ts')).explainHardened
    : explain
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
