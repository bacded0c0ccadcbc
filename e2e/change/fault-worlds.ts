/** Doors in a real API server behind a proxy that loses what it is told to, each with the plans that are interrupted there. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyPlan, type ChangePlace } from '../../src/compose/change/apply-plan.ts'
import { openPlace } from '../../src/compose/change/open-place.ts'
import { type PlanStatus, planStatus } from '../../src/compose/change/plan-status.ts'
import { profileFiles } from '../../src/compose/profiles.ts'
import type { Plan } from '../../src/planner/index.ts'
import { localGatewayOnIngress } from '../../tools/tour/overlays.ts'
import { type FaultyProxy, startFaultyProxy } from '../parts/faulty-proxy.ts'
import { type Cluster, startCluster } from '../parts/kubernetes.ts'
import { installKinds, loadYaml } from '../parts/load-yaml.ts'
import { changedIn, clearTo, dumpOf, timeless } from './cluster-dump.ts'
import { type CommandRow, commandRows, planByCommand, type Release } from './commands.ts'
import { plainPlan, rows } from './rows.ts'

export interface World {
  readonly release: Release
  readonly rows: typeof rows
  readonly commands: readonly CommandRow[]
  /** Carried out before anything is interrupted. */
  readonly first?: string
  readonly demo: boolean
}

/** Each door with the commands that are interrupted there: the short ones, or in a full run all of them. */
export function worldsOf(full: boolean): readonly World[] {
  return (['26.03', 'v1.9', 'v1.8', 'v1.6'] as const)
    .flatMap((release): World[] => {
      const tried = commandRows.filter(({ on, short }) =>
        full ? on.includes(release) : on[0] === release && short,
      )
      // What needs a door of its own: something exposed already, or a door without the demo.
      const apart = tried.filter(({ first, inDemo }) => first !== undefined || inDemo)
      const world = (commands: readonly CommandRow[], more: Partial<World> = {}): World => ({
        release,
        rows: [],
        commands,
        demo: true,
        ...more,
      })
      return [
        world(
          tried.filter((row) => !apart.includes(row)),
          { rows: release === '26.03' ? rows : [] },
        ),
        ...apart.map((row) =>
          world([row], {
            demo: row.inDemo !== true,
            ...(row.first !== undefined && { first: row.first }),
          }),
        ),
      ]
    })
    .filter(({ rows: ways, commands }) => ways.length + commands.length > 0)
}

export const nameOf = ({ release, first, demo }: World): string =>
  [release, ...(demo ? [] : ['without the demo']), ...(first === undefined ? [] : [`after ${first}`])].join(
    ' ',
  )

export interface OneRun {
  readonly place: ChangePlace
  readonly env: NodeJS.ProcessEnv
  status(plan: Plan): Promise<PlanStatus>
}

/** What is started once for a file of tests. */
export class FaultGround {
  readonly folder = mkdtempSync(join(tmpdir(), 'kfdoor-change-faults-'))
  readonly kubeconfig = join(this.folder, 'kubeconfig')
  /** By subject, for the door that is loaded. */
  readonly plans = new Map<string, Plan>()
  #cluster: Cluster | undefined
  #proxy: FaultyProxy | undefined
  #empty: ReadonlyMap<string, string> = new Map()
  #runs = 0

  get cluster(): Cluster {
    assert.ok(this.#cluster)
    return this.#cluster
  }

  get proxy(): FaultyProxy {
    assert.ok(this.#proxy)
    return this.#proxy
  }

  async start(): Promise<void> {
    this.#cluster = await startCluster()
    await installKinds(this.cluster)
    this.#empty = await dumpOf(this.cluster)
    this.#proxy = await startFaultyProxy(this.cluster)
    this.proxy.kubeconfig(this.kubeconfig, ['admin'])
  }

  async close(): Promise<void> {
    await this.#proxy?.close()
    await this.#cluster?.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A state folder nobody used: another machine. */
  elsewhere(): { readonly XDG_STATE_HOME: string } {
    return { XDG_STATE_HOME: join(this.folder, `state-${this.#runs++}`) }
  }

  /** From now on all goes as it should. */
  calm(): void {
    this.proxy.cut(false)
    this.proxy.plan(() => 'pass')
  }

  async load({ release, rows: ways, commands, first, demo }: World): Promise<void> {
    const { cluster, kubeconfig, folder, plans } = this
    this.calm()
    await clearTo(cluster, this.#empty)
    plans.clear()
    const inputs = profileFiles(release, { tls: false, demo })
    const texts = [...inputs.map(({ text }) => text), ...(release === 'v1.6' ? [localGatewayOnIngress] : [])]
    const files = texts.map((text, index) => {
      const path = join(folder, `${release}-${String(index).padStart(2, '0')}.yaml`)
      writeFileSync(path, text)
      return path
    })
    await loadYaml(cluster, files, 'kubectl')
    if (first !== undefined) {
      const ground = await planByCommand(first, kubeconfig)
      assert.ok(ground.plan !== undefined, ground.err)
      const place = await openPlace(ground.plan, { env: this.elsewhere(), kubeconfig, say: () => {} })
      await applyPlan(ground.plan, place).finally(() => place.close())
    }
    for (const row of ways) plans.set(row.name, (await plainPlan(row, kubeconfig, this.proxy.url)) as Plan)
    for (const { words } of commands) {
      const { plan, err } = await planByCommand(words, kubeconfig)
      assert.ok(plan !== undefined, err)
      plans.set(words, plan)
    }
  }

  planFor(subject: string): Plan {
    const plan = this.plans.get(subject)
    assert.ok(plan !== undefined, subject)
    return plan
  }

  /** One run with a journal of its own, which ends with the cluster as it began. `unmanaged`: but for whose fields they are. */
  async inOneRun(work: (run: OneRun) => Promise<void>, { unmanaged = false } = {}): Promise<void> {
    this.calm()
    const env = this.elsewhere()
    const was = await dumpOf(this.cluster)
    const [any] = this.plans.values()
    const place = await openPlace(any as Plan, { env, kubeconfig: this.kubeconfig, say: () => {} })
    try {
      await work({ place, env, status: (plan) => planStatus(plan, env, place) })
    } finally {
      place.close()
    }
    const back = await dumpOf(this.cluster)
    const differing = changedIn(was, back).filter(
      (path) => unborn(was.get(path), unmanaged) !== unborn(back.get(path), unmanaged),
    )
    assert.deepEqual(differing, [])
  }
}

/** What was deleted and made again has another birth, and its managed fields the times of before. */
function unborn(text: string | undefined, unmanaged: boolean): string {
  const object = JSON.parse(timeless(text))
  const { uid: _, creationTimestamp: __, managedFields, ...metadata } = object.metadata
  return JSON.stringify({ ...object, metadata: { ...metadata, ...(!unmanaged && { managedFields }) } })
}
