export type { Confidence, Match, Problem, Recognised, Said, Signal, TokenFacts } from './signals/index.ts'
export { problems, recognise, shownBy } from './signals/index.ts'
export { type WalkCode, walkCodes } from './walk/codes.ts'
export { type HopName, hopNames, type WalkedHop, type WalkFinding } from './walk/hop.ts'
export {
  broken,
  finding,
  judgeAnswer,
  judgeCertificate,
  judgeClock,
  passed,
  skipped,
} from './walk/judge.ts'
export { judgeCookies, judgeReturn, spentSignIn } from './walk/judge-sign-in.ts'
export { walkMeanings } from './walk/meanings.ts'
