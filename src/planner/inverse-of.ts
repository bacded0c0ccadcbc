import type { AccessDiff, Difference } from '../regions/index.ts'
import type { Change, Effect, Plan } from './plan.ts'

const opposite: Readonly<Record<Effect, Effect>> = { closes: 'opens', neutral: 'neutral', opens: 'closes' }

/**
 * The plan that undoes a plan: every write taken back, the last one first, so that it passes through the
 * same moments. Who becomes unreachable by it, and which rules die, only a plan of its own can say.
 */
export function inverseOf(plan: Plan): Plan {
  const { spec, metadata } = plan
  return {
    ...plan,
    metadata: { ...metadata, name: inverseName(metadata.name) },
    spec: {
      ...spec,
      changes: spec.changes.map(inverseChange).reverse(),
      access: inverseAccess(spec.access),
      findings: { new: spec.findings.gone, gone: spec.findings.new },
      risks: [],
      callers: [],
    },
  }
}

function inverseName(name: string): string {
  return name.startsWith('undo-') ? name.slice('undo-'.length) : `undo-${name}`
}

function inverseChange(change: Change): Change {
  const { object, why } = change
  const effect = opposite[change.effect]
  switch (change.op) {
    case 'create':
      return { op: 'delete', object, effect, why, before: change.after }
    case 'delete':
      return { op: 'create', object, effect, why, after: change.before }
    case 'update':
      return { op: 'update', object, effect, why, before: change.after, after: change.before }
  }
}

function inverseAccess(access: AccessDiff): AccessDiff {
  const turned = (list: readonly Difference[]) =>
    list.map((each) => ({ ...each, from: each.to, to: each.from }))
  const gained = turned(access.lost)
  return {
    gained,
    lost: turned(access.gained),
    changed: turned(access.changed),
    public: gained.filter(({ principal }) => principal === 'anonymous'),
    unreachable: [],
    deadRules: [],
    unknown: access.unknown.map((each) =>
      'reason' in each ? each : { ...each, from: each.to, to: each.from },
    ),
  }
}
