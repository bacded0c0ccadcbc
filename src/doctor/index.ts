export type { Confidence, Match, Problem, Recognised, Said, Signal, TokenFacts } from './signals/index.ts'
export { problems, recognise } from './signals/index.ts'
