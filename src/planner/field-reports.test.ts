/**
 * The field reports' own changes, written by us after what each did, and the one command that takes its place:
 * whom each lets through where, counted over all requests. docs/change.md has the figures as a table.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { aWorld, planFor } from '../../e2e/change/intent-world.ts'
import { edited, reportedWays } from '../../e2e/change/reports.ts'
import { compileDoor, explain } from '../policy/index.ts'
import type { AccessDiff } from '../regions/index.ts'
import { createOf, type EditableObject } from './changes.ts'
import { exposePipelines } from './expose/pipelines.ts'
import type { Change, Intended } from './plan.ts'

const docs = readFileSync(new URL('../../docs/change.md', import.meta.url), 'utf8')
const door = (release: string) => aWorld([`profiles/${release}/release`, `profiles/${release}/demo`])
const by = (changes: readonly Change[]): Intended => ({ changes, risks: [], callers: [] })

/** Callers who get through somewhere new, without their forged twins, and what they get to. */
function gains({ gained }: AccessDiff): readonly string[] {
  const plain = gained.filter(({ principal }) => !principal.endsWith('+forged'))
  const many = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`
  const callers = new Set(plain.map(({ principal }) => principal))
  const services = new Set(plain.map(({ to }) => to.upstream))
  return [many(callers.size, 'caller'), many(services.size, 'Service')]
}

const openTo = ({ public: open }: AccessDiff) =>
  [...new Set(open.map(({ to }) => to.upstream?.split('|').at(-1)?.split('.')[0] ?? ''))].sort()

/** A line of the table of that report. */
function says(report: string, way: string, figure: string): void {
  const line = docs.split('\n').find((each) => each.startsWith(`| ${report} |`) && each.includes(way))
  assert.ok(
    line?.includes(`| ${figure} |`),
    `docs/change.md should say of ${report}, ${way}: ${figure}\n${line}`,
  )
}

test('report 000: TLS by hand lets nobody in, and leaves the sign-in before the redirect; the command does neither', () => {
  const [theirWay, ourWay] = reportedWays.filter(({ report }) => report === '000')
  assert.ok(theirWay && ourWay)
  const { world } = theirWay
  const whoComesByHttp = (changes: readonly Change[]) => {
    const { mesh } = world.after(changes)
    const asked = {
      method: 'GET',
      scheme: 'http',
      host: 'kubeflow.example.com',
      path: '/',
      headers: [],
    } as const
    const principal = { kind: 'anonymous', forged: false } as const
    const result = explain(compileDoor(mesh), { ...asked, principal, now: world.now })
    assert.ok(!('problem' in result))
    return result.verdict
  }
  assert.equal(whoComesByHttp(theirWay.changes), 'challenge')
  assert.equal(whoComesByHttp(ourWay.changes), 'redirect')
  const theirs = planFor(world, by(theirWay.changes), 'report').spec.access
  const ours = planFor(world, by(ourWay.changes), 'tls enable').spec.access
  // The same people as before, over TLS now; who has not signed in gets to the login page and no further.
  assert.deepEqual(openTo(theirs), openTo(ours))
  says('000', 'by hand', gains(theirs).join(', '))
  says('000', '`kfdoor tls enable', gains(ours).join(', '))
})

test('report 001: MULTIUSER off gives every caller every run, and the command one account one namespace', () => {
  const world = door('v1.8')
  const single = (copy: EditableObject) => {
    const [container] = copy.spec.template.spec.containers as EditableObject[]
    assert.ok(container)
    const others = ((container.env as EditableObject[] | undefined) ?? []).filter(
      ({ name }) => name !== 'MULTIUSER',
    )
    container.env = [...others, { name: 'MULTIUSER', value: 'false' }]
  }
  const theirs = planFor(world, by([edited(world, 'Deployment', 'kubeflow/ml-pipeline', single)]), 'report')
    .spec.access
  const ours = planFor(
    world,
    exposePipelines(world, { to: [{ kind: 'notebooks', namespace: 'kubeflow-user-example-com' }] }),
    'expose pipelines',
  ).spec.access
  says('001', 'MULTIUSER', gains(theirs).join(', '))
  says('001', '`kfdoor expose pipelines', gains(ours).join(', '))
})

test('report 002: a NodePort to the pod is a way around the door that no sign-in stands before', () => {
  const world = door('v1.8')
  const made = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'iris-nodeport', namespace: 'kubeflow-user-example-com' },
    spec: {
      type: 'NodePort',
      selector: { 'serving.kserve.io/inferenceservice': 'sklearn-iris' },
      ports: [{ name: 'port-1', port: 8080, targetPort: 8080 }],
    },
  }
  const { access, findings } = planFor(world, by([createOf(made, 'opens', 'the report')]), 'report').spec
  const names = new Set(access.gained.map(({ principal }) => principal))
  assert.ok(names.has('outside'), 'whoever reaches a node')
  says('002', 'NodePort', `${names.size} callers, 1 Service`)
  assert.ok(findings.new.some(({ code }) => code === 'KFD0224'))
})
