import type { PlanStatus } from '../../compose/change/plan-status.ts'
import { type Change, type KubeObject, type Plan, planText, textOf } from '../../planner/index.ts'
import { columns } from '../explain/table.ts'
import { renderPlan } from './render-plan.ts'

/** One line each, in columns. */
export function listText(plans: readonly PlanStatus[]): string {
  const rows = plans.map(({ plan, state, createdAt, command }) => [
    plan,
    state,
    createdAt.slice(0, 16).replace('T', ' '),
    command.join(' '),
  ])
  return columns([['NAME', 'STATE', 'CREATED', 'COMMAND'], ...rows]).join('\n')
}

const stateWords = {
  pending: 'not written',
  writing: 'may be written',
  written: 'written',
  undoing: 'may be undone',
  undone: 'undone',
} as const

const opWords = { create: 'create', update: 'update', delete: 'delete' } as const

/** `called`: the plan as it was named just now, a file or a name. */
export function statusText(status: PlanStatus, called = status.plan): string {
  const { plan, state, server, steps, unseen } = status
  const lines = [`${plan}: ${state}${server === undefined ? '' : ` at ${server}`}`]
  const rows = steps.map((step) => [
    `  ${opWords[step.op]}`,
    textOf(step.object),
    stateWords[step.state],
    step.edited === undefined ? '' : `changed since: ${step.edited.replace(/^[^:]*: /, '')}`,
  ])
  if (rows.length > 0) lines.push(columns(rows).join('\n'))
  if (unseen !== undefined) lines.push(`without the cluster: ${unseen}`)
  const next = nextOf(status, called)
  return next === undefined ? lines.join('\n') : [...lines, next].join('\n')
}

function nextOf({ state }: PlanStatus, plan: string): string | undefined {
  switch (state) {
    case 'planned':
      return `next: \`kfdoor apply ${plan}\``
    case 'applying':
      return `next: \`kfdoor apply ${plan} --continue\`, or \`kfdoor rollback ${plan}\``
    case 'rolling-back':
      return `next: \`kfdoor rollback ${plan}\``
    case 'applied':
      return `undo it with \`kfdoor rollback ${plan}\``
    case 'rolled-back':
      return undefined
  }
}

/** What a person reads before saying yes. */
export function summaryText(plan: Plan): string {
  const { changes, access, risks } = plan.spec
  const rows = changes.map((change) => [
    `  ${opWords[change.op]}`,
    textOf(change.object),
    change.effect,
    change.why,
  ])
  const count = (list: readonly unknown[], word: string) =>
    list.length === 0 ? [] : [`${list.length} ${word}`]
  const who = [
    ...count(access.public, 'newly open to whoever has not signed in'),
    ...count(access.gained, 'gained'),
    ...count(access.lost, 'lost'),
    ...count(access.changed, 'changed'),
    ...count(access.unknown, 'unknown'),
  ]
  return [
    `plan ${plan.metadata.name}`,
    columns(rows).join('\n'),
    `access: ${who.length === 0 ? 'no difference' : who.join(', ')}`,
    ...risks.map((risk) => `risk: ${risk}`),
  ].join('\n')
}

export function planAsText(plan: Plan, format: 'text' | 'json' | 'yaml', colour: boolean): string {
  const shown = withoutSecrets(plan)
  return format === 'text' ? renderPlan(shown, colour) : planText(shown, format)
}

/** Values of Secrets are nobody's to read in a terminal; a plan printed so is refused by `apply`. */
function withoutSecrets(plan: Plan): Plan {
  const hide = (object: KubeObject): KubeObject => {
    if (object.kind !== 'Secret') return object
    const hidden = (values: unknown) =>
      values && Object.fromEntries(Object.keys(values).map((name) => [name, 'scrubbed:0000000000000000']))
    return {
      ...object,
      ...(object.data !== undefined && { data: hidden(object.data) }),
      ...(object.stringData !== undefined && { stringData: hidden(object.stringData) }),
    }
  }
  const changes = plan.spec.changes.map(
    (change) =>
      ({
        ...change,
        ...('before' in change && { before: hide(change.before) }),
        ...('after' in change && { after: hide(change.after) }),
      }) as Change,
  )
  return { ...plan, spec: { ...plan.spec, changes } }
}
