/** Rules that can never decide anything, wherever in the mesh they hold. */
import { attaches, injectionOf, type ProxyInsight, type Rule } from '../policy/index.ts'
import { looksAtHttp } from './covers.ts'
import { rulesOf } from './stage.ts'
import type { View } from './view.ts'

export interface DeadRule {
  /** `NS/POLICY`. */
  readonly policy: string
  /** `rules[0]`. */
  readonly rule: string
  readonly at: string
  /** `no-token-is-read-here`, `port-not-served`, `no-request-meets-it`. */
  readonly reason: string
}

/** Those of the second door which the first one has not. `alive`: rules some request may meet. */
export function deadRules(
  views: readonly [View, View],
  alive: readonly [ReadonlySet<Rule>, ReadonlySet<Rule>],
): readonly DeadRule[] {
  const [before, after] = views.map((view, at) => deadOf(view, alive[at] as ReadonlySet<Rule>))
  return [...(after ?? [])].flatMap(([content, dead]) => (before?.has(content) ? [] : [dead]))
}

function deadOf(view: View, alive: ReadonlySet<Rule>): ReadonlyMap<string, DeadRule> {
  const dead = new Map<string, DeadRule>()
  const living = new Set<string>()
  for (const insight of view.inspected()) {
    for (const rule of rulesOf(insight)) {
      // Of a connection a rule sees less than of a request: it is one rule all the same.
      const written = contentAsWritten(rule)
      const why = whyDead(rule, insight, alive)
      if (why === undefined) living.add(written)
      if (why === undefined || living.has(written)) dead.delete(written)
      else if (!holdsElsewhere(view, rule)) dead.set(written, deadRule(rule, why))
    }
  }
  return dead
}

function contentAsWritten({ policy, index }: Rule): string {
  const written = JSON.stringify(policy.rules?.[index], (key, value) => (key === 'at' ? undefined : value))
  const { action, provider, dryRun, namespace } = policy
  return JSON.stringify([action?.value, provider?.value, dryRun?.value, namespace, written])
}

function deadRule({ policy, index, at }: Rule, reason: string): DeadRule {
  return {
    policy: `${policy.namespace}/${policy.name}`,
    rule: `rules[${index}]`,
    at: `${at.file}:${at.line}`,
    reason,
  }
}

/** undefined = it may decide something at this proxy. */
function whyDead(rule: Rule, insight: ProxyInsight, alive: ReadonlySet<Rule>): string | undefined {
  const { proxy, tokens } = insight
  if (proxy.kind === 'sidecar' && closesConnections(rule)) return undefined
  if (tokens.length === 0 && asksForToken(rule)) return 'no-token-is-read-here'
  if (alive.has(rule)) return undefined
  // A pod is called by its address too, at any of its ports and with any Host: no Service shows these calls.
  if (
    proxy.kind === 'sidecar' &&
    rule.to.some((entry) => entry.fields.some(({ name }) => byCall.test(name)))
  ) {
    return undefined
  }
  const byPort = rule.to.every((entry) =>
    entry.fields.some(({ name, negated }) => name === 'ports' && !negated),
  )
  return byPort ? 'port-not-served' : 'no-request-meets-it'
}

/**
 * At a pod's ports that speak no HTTP what only HTTP has falls out of a DENY rule, and the rest of it
 * holds: any bytes may come to a pod.
 */
function closesConnections(rule: Rule): boolean {
  const action = rule.policy.action?.value
  return (action === 'DENY' || action === 'CUSTOM') && looksAtHttp(rule)
}

const byCall = /^(hosts|notHosts|ports|notPorts|when (destination\.|connection\.))/

/** At a pod no request was followed to. */
function holdsElsewhere(view: View, { policy }: Rule): boolean {
  const { mesh } = view
  const followed = new Set(view.inspected().map(({ proxy }) => placeOf(proxy.namespace, proxy.labels)))
  const { rootNamespace } = mesh.meshConfig
  return mesh.workloads.some(
    (workload) =>
      attaches(policy, { namespace: workload.namespace, labels: workload.podLabels, rootNamespace }) &&
      injectionOf(mesh, workload) === 'sidecar' &&
      !followed.has(placeOf(workload.namespace, workload.podLabels)),
  )
}

function placeOf(namespace: string, labels: Readonly<Record<string, string>>): string {
  return JSON.stringify([namespace, Object.entries(labels).sort()])
}

/** Every `from` entry wants something of a token. */
function asksForToken({ from }: Rule): boolean {
  return from.every((entry) =>
    entry.fields.some(
      ({ name, negated }) =>
        !negated && (name === 'requestPrincipals' || name.startsWith('when request.auth')),
    ),
  )
}
