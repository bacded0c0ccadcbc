export { examples } from './examples.ts'
export { isFor } from './gateway-hosts.ts'
export { type LintInput, type LintResult, lint } from './lint.ts'
export { allRules } from './registry.ts'
export type {
  CertificateFacts,
  CertificateLookup,
  Evidence,
  Finding,
  FindingCode,
  Fix,
  Rule,
  Severity,
} from './rule.ts'
export { isPublishedSecret } from './rules/kfd0225-published-secret.ts'
