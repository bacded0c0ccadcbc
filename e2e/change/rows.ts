import { viewOptions } from '../../src/cli/map/view-options.ts'
import { editedBy } from '../../src/compose/change/predicted-door.ts'
import { readTexts } from '../../src/compose/change/read-texts.ts'
import { asYaml, readCluster } from '../../src/compose/read-cluster.ts'
import { type MeshInput, parseMesh } from '../../src/mesh/index.ts'
import {
  applyChanges,
  createOf,
  deleteOf,
  type Intended,
  type Plan,
  planOf,
  type RawDoor,
  readRawDoor,
  updateOf,
} from '../../src/planner/index.ts'
import { assumedKeys } from '../../src/policy/act-as.ts'
import { diffAccess } from '../../src/regions/index.ts'

/** One change of a door: what a person types, or what an intent wants of it. */
export interface Row {
  readonly name: string
  /** undefined = this fixture has not what the change is about. */
  readonly intend: (door: RawDoor) => Intended | undefined
}

const intended = (changes: Intended['changes']): Intended => ({ changes, risks: [], callers: [] })

/** Each way of writing alone, all together, and one on an object of which the reading leaves things out. */
export const rows: readonly Row[] = [
  {
    name: 'closes a path at the gateway, then opens another',
    intend: () => {
      const policy = (name: string, action: string, path: string) => ({
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        metadata: { name, namespace: 'istio-system' },
        spec: {
          selector: { matchLabels: { app: 'istio-ingressgateway' } },
          action,
          rules: [{ to: [{ operation: { paths: [path] } }] }],
        },
      })
      return intended([
        createOf(policy('row-deny', 'DENY', '/jupyter/*'), 'closes', 'notebooks are shut'),
        createOf(policy('row-allow', 'ALLOW', '/pipeline/*'), 'opens', 'pipelines are open'),
      ])
    },
  },
  {
    name: 'gives a VirtualService a timeout and a label',
    intend: (door) => {
      const raw = door.objects.find(
        ({ name }) => name.kind === 'VirtualService' && name.namespace === 'kubeflow',
      )
      if (raw === undefined) return undefined
      return intended([
        updateOf(
          raw,
          (copy) => {
            copy.spec.http[0].timeout = '300s'
            copy.metadata.labels = { ...copy.metadata.labels, row: 'timeout' }
          },
          'neutral',
          'long answers',
        ),
      ])
    },
  },
  {
    name: 'takes a policy away, changes another, and creates one in its place',
    intend: (door) => {
      const [first, second] = door.objects.filter(
        ({ name, object }) =>
          name.kind === 'AuthorizationPolicy' &&
          (object.metadata as { ownerReferences?: unknown }).ownerReferences === undefined,
      )
      if (first === undefined || second === undefined) return undefined
      return intended([
        updateOf(
          second,
          (copy) => {
            copy.spec.rules = [{ to: [{ operation: { methods: ['GET'] } }] }]
            copy.metadata.annotations = { ...copy.metadata.annotations, row: 'changed' }
          },
          'neutral',
          'only reading',
        ),
        deleteOf(first, 'opens', 'no longer needed'),
        createOf(
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: 'row-config', namespace: 'kubeflow' },
            data: { note: 'made by a row' },
          },
          'neutral',
          'a note',
        ),
      ])
    },
  },
]

/** The cluster as commands read it. */
export async function readDoor(kubeconfig: string): Promise<readonly MeshInput[]> {
  const snapshot = await readCluster({}, { kubeconfig })
  return [{ file: 'cluster:', text: asYaml(snapshot, '2026-01-01T00:00:00Z') }]
}

const now = Date.UTC(2026, 0, 1) / 1000
const view = () => ({ fetched: assumedKeys })

export async function planRow(row: Row, kubeconfig: string, server: string): Promise<Plan | undefined> {
  const door = readRawDoor(await readDoor(kubeconfig))
  const wanted = row.intend(door)
  if (wanted === undefined) return undefined
  return planOf(door, wanted, {
    intent: 'row',
    subject: nameOf(row),
    command: ['row'],
    source: { kind: 'cluster', context: '', server },
    now,
    view,
  })
}

/** A plan as `apply` needs it, without the comparison of all requests, which takes its time. */
export async function plainPlan(row: Row, kubeconfig: string, server: string): Promise<Plan | undefined> {
  const wanted = row.intend(readRawDoor(await readDoor(kubeconfig)))
  return wanted && planWith(nameOf(row), wanted.changes, server)
}

export function planWith(name: string, changes: Plan['spec']['changes'], server: string): Plan {
  return {
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'Plan',
    metadata: { name, createdAt: '2026-01-01T00:00:00Z' },
    spec: {
      command: ['row'],
      source: { kind: 'cluster', context: '', server },
      changes,
      access: {
        gained: [],
        lost: [],
        changed: [],
        public: [],
        unreachable: [],
        deadRules: [],
        unknown: [],
      },
      findings: { new: [], gone: [] },
      risks: [],
      callers: [],
    },
  }
}

const nameOf = ({ name }: Row): string =>
  name
    .replaceAll(/[^a-z]+/g, '-')
    .slice(0, 20)
    .replace(/-$/, '')

/** Who gains and loses between two readings, without the lines things stand on. */
export function accessBetween(before: readonly MeshInput[], after: readonly MeshInput[]): unknown {
  const meshes = [parseMesh(before).mesh, parseMesh(after).mesh] as const
  return withoutPlaces(diffAccess(meshes[0], meshes[1], { now, old: view(), new: view() }))
}

export function withoutPlaces(diff: unknown): unknown {
  return JSON.parse(JSON.stringify(diff, (key, value: unknown) => (key === 'at' ? undefined : value)))
}

/** The cluster as commands that change a door read it: every object a text of its own. */
export async function readObjects(kubeconfig: string, plan: Plan): Promise<readonly MeshInput[]> {
  const place = { env: {}, kubeconfig, whole: editedBy(plan) }
  const { inputs } = await readTexts(['cluster:'], async () => '', place)
  return inputs
}

/** How a door differs from the one a plan predicted; the lists of an access diff that are not empty. */
export function fromPrediction(
  before: readonly MeshInput[],
  after: readonly MeshInput[],
  { spec, metadata }: Plan,
): unknown {
  const predicted = parseMesh(applyChanges(before, spec.changes, 'new.yaml')).mesh
  const { mesh } = parseMesh(after)
  const at = Date.parse(metadata.createdAt) / 1000
  const difference = diffAccess(predicted, mesh, {
    now: at,
    old: viewOptions(predicted),
    new: viewOptions(mesh),
  })
  return Object.fromEntries(Object.entries(difference).filter(([, list]) => list.length > 0))
}
