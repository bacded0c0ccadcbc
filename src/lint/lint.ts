import type { At, Problem } from '../base/index.ts'
import type { Mesh, MeshInput } from '../mesh/index.ts'
import { Queries } from './queries.ts'
import { allRules, rules } from './registry.ts'
import type { CertificateLookup, Finding, Rule, Severity, World } from './rule.ts'
import { type Suppression, sift, suppressionsIn } from './suppress.ts'

export interface LintInput {
  readonly mesh: Mesh
  /** What the readers found; each becomes a finding. */
  readonly problems: readonly Problem[]
  /** The texts, for suppressions in comments. */
  readonly inputs?: readonly MeshInput[]
  /** Seconds since the epoch. */
  readonly now: number
  readonly istioVersion?: string
  /** See `World`; without it certificates are not looked at. */
  readonly certificate?: CertificateLookup
  /** Rules no request can meet, as somebody found who looked at all requests. */
  readonly deadRules?: readonly {
    readonly policy: string
    readonly rule: string
    readonly at: At
    readonly reason: string
  }[]
  /** Rules and routes that never decide because another one always does. */
  readonly shadowed?: readonly Shadow[]
  /** Codes left out, each with its reason. */
  readonly without?: readonly { readonly code: string; readonly reason: string }[]
}

interface ShadowPlace {
  readonly object: string
  readonly rule: string
  readonly at: At
}

interface Shadow extends ShadowPlace {
  readonly by: ShadowPlace
  readonly also?: readonly ShadowPlace[]
  readonly how: 'same' | 'denied' | 'earlier' | 'together' | 'value'
  readonly value?: string
}

export interface LintResult {
  /** By weight, then file and line. */
  readonly findings: readonly Finding[]
  readonly suppressed: readonly { readonly finding: Finding; readonly reason: string }[]
}

const weight: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }

/**
 * Every finding in a mesh. Pure and bounded by the size of the YAML; a rule that throws is a bug of
 * ours and is not caught.
 *
 * @example
 * const { findings } = lint({ mesh, problems, now: Date.now() / 1000 })
 */
export function lint(input: LintInput): LintResult {
  const { mesh, problems, now, istioVersion, certificate = secretIsThere(mesh) } = input
  const queries = new Queries(mesh, now, istioVersion)
  const world: World = { mesh, problems, now, certificate, queries }
  const found = [
    ...problems.map(fromProblem),
    ...rules.flatMap((rule) => run(rule, world)),
    ...(input.deadRules ?? []).map(fromDeadRule),
    ...(input.shadowed ?? []).map(fromShadow),
  ]
  const { kept, suppressed, idle, unreasoned } = sift(found, suppressionsIn(input.inputs ?? []))
  const without = new Map(input.without?.map(({ code, reason }) => [code, reason]))
  const findings = [...kept, ...idle.map(idleFinding), ...unreasoned.map(unreasonedFinding)]
  return {
    findings: findings.filter(({ code }) => !without.has(code)).sort(byWeight),
    suppressed: [
      ...suppressed.map(({ finding, by }) => ({ finding, reason: by.reason })),
      ...findings
        .filter(({ code }) => without.has(code))
        .map((finding) => ({ finding, reason: without.get(finding.code) as string })),
    ],
  }
}

function run(rule: Rule, world: World): readonly Finding[] {
  const { code, title } = rule
  const seen = new Set<string>()
  const findings: Finding[] = []
  for (const { message, evidence, fix, severity = rule.severity } of rule.check(world)) {
    const [{ at }] = evidence
    const key = `${at.file}:${at.line}:${message}`
    // Two gateways with one policy tell the same twice.
    if (seen.has(key)) continue
    seen.add(key)
    findings.push({ code, severity, title, message, evidence, ...(fix && { fix }) })
  }
  return findings
}

/** Reading is the first rule of all: what Istio would refuse, or read in another way than it looks. */
function fromProblem({ severity, message, at, code }: Problem): Finding {
  return { code: 'KFD0200', severity, title: titleOf('KFD0200'), message, evidence: [{ at, text: code }] }
}

function fromDeadRule({ policy, rule, at, reason }: NonNullable<LintInput['deadRules']>[number]): Finding {
  const why =
    reason === 'no-token-is-read-here'
      ? 'no token is read at that proxy'
      : reason === 'port-not-served'
        ? 'nothing listens on the ports it names (they are the pod’s, not the Service’s)'
        : 'no request that gets there is one it takes'
  return {
    code: 'KFD0249',
    severity: 'warning',
    title: titleOf('KFD0249'),
    message: `${rule} of ${policy} decides about nothing: ${why}`,
    evidence: [{ at, text: rule }],
  }
}

function fromShadow({ object, rule, at, by, also = [], how, value }: Shadow): Finding {
  const names = [by, ...also].map((each) =>
    each.object === object ? each.rule : `${each.rule} of ${each.object}`,
  )
  const own = names.join(' and ')
  const why = {
    same: `whatever it takes, ${own} takes too`,
    denied: `whatever it allows, ${own} denies`,
    earlier: `${own} comes before it and takes all its requests`,
    together: `${own} together leave nothing to it`,
    value: '',
  }[how]
  const message =
    value === undefined
      ? `${rule} of ${object} never decides: ${why}`
      : `\`${value}\` in ${rule} of ${object} changes nothing: with and without it ${own} decide${names.length === 1 ? 's' : ''} alike`
  return {
    code: 'KFD0250',
    severity: 'warning',
    title: titleOf('KFD0250'),
    message,
    evidence: [
      { at, text: value ?? rule },
      ...[by, ...also].map((each) => ({ at: each.at, text: `${each.object} ${each.rule}` })),
    ],
  }
}

function titleOf(code: string): string {
  return allRules.find((rule) => rule.code === code)?.title ?? code
}

function idleFinding({ at, code, reason }: Suppression): Finding {
  return {
    code: 'KFD0298',
    severity: 'info',
    title: titleOf('KFD0298'),
    message: `nothing here has \`${code}\` any more; take the comment away`,
    evidence: [{ at, text: reason }],
  }
}

function unreasonedFinding({ at, code }: Suppression): Finding {
  return {
    code: 'KFD0298',
    severity: 'warning',
    title: titleOf('KFD0298'),
    message: /^KFD\d{4}$/.test(code)
      ? `\`kfdoor:ignore ${code}\` needs a reason behind the code, and has no effect without one`
      : `\`kfdoor:ignore\` needs a code (\`KFD0203\`) and a reason, and has no effect without them`,
    evidence: [{ at, text: code }],
  }
}

function byWeight(a: Finding, b: Finding): number {
  const [one, other] = [a.evidence[0]?.at, b.evidence[0]?.at]
  return (
    weight[a.severity] - weight[b.severity] ||
    compare(one?.file ?? '', other?.file ?? '') ||
    (one?.line ?? 0) - (other?.line ?? 0) ||
    compare(a.code, b.code)
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Without a reader of certificates only their absence can be told; without any Secret not even that. */
function secretIsThere(mesh: Mesh): CertificateLookup {
  return (namespace, name) =>
    mesh.secrets.length === 0 ||
    mesh.secrets.some((secret) => secret.namespace === namespace && secret.name === name)
      ? null
      : undefined
}
