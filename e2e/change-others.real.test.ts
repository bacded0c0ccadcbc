/**
 * Plans beside other people on a real API server: somebody edits between, somebody else keeps the object,
 * somebody may not, two apply at once. Refused before the first write wherever it can be known then.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type AnyFault, isFault } from '../src/base/index.ts'
import { applyPlan } from '../src/compose/change/apply-plan.ts'
import { awaitSeen } from '../src/compose/change/await-seen.ts'
import { openPlace } from '../src/compose/change/open-place.ts'
import { planStatus } from '../src/compose/change/plan-status.ts'
import { findPlan } from '../src/compose/change/plan-store.ts'
import { rollBack } from '../src/compose/change/roll-back.ts'
import { type Owned, ownersOf } from '../src/kube/index.ts'
import type { Change, Plan } from '../src/planner/index.ts'
import type { Beside, Run } from './change/beside.ts'
import { type Anything, changedIn, dumpOf } from './change/cluster-dump.ts'
import { testJournal } from './change/journal-troubles.ts'
import { testEditors, testRights } from './change/rights-troubles.ts'
import { planWith } from './change/rows.ts'
import { kfdoor } from './door.ts'
import { type Fate, type FaultyProxy, startFaultyProxy } from './parts/faulty-proxy.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { installKinds } from './parts/load-yaml.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-change-others-'))
const kubeconfig = join(folder, 'kubeconfig')
const namespace = 'istio-system'
const policies = `/apis/security.istio.io/v1/namespaces/${namespace}/authorizationpolicies`
let cluster: Cluster
let proxy: FaultyProxy

before(async () => {
  cluster = await startCluster({ users: { limited: [], nobody: [] } })
  await installKinds(cluster)
  await dumpOf(cluster)
  proxy = await startFaultyProxy(cluster)
  proxy.kubeconfig(kubeconfig, ['admin', 'limited', 'nobody'])
  await cluster.call('POST', '/api/v1/namespaces', {
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  })
})
after(async () => {
  await proxy?.close()
  await cluster?.close()
  rmSync(folder, { recursive: true, force: true })
})

function policy(name: string, path: string, more: Anything = {}): Anything {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace, ...more },
    spec: { action: 'DENY', rules: [{ to: [{ operation: { paths: [path] } }] }] },
  }
}

const objectOf = (name: string) => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  namespace,
  name,
})

/** Server-side apply in somebody's name, as their own tool does it. */
async function applied(object: Anything, manager = 'kubectl'): Promise<void> {
  const { status, body } = await cluster.call(
    'PATCH',
    `${policies}/${object.metadata.name}?fieldManager=${manager}&force=true`,
    { body: JSON.stringify(object), contentType: 'application/apply-patch+yaml' },
  )
  assert.ok(status === 200 || status === 201, JSON.stringify(body))
}

const read = async (name: string) => (await cluster.call('GET', `${policies}/${name}`)).body as Anything

async function edit(name: string, path: string): Promise<void> {
  const { status } = await cluster.call('PATCH', `${policies}/${name}?fieldManager=kubectl-edit`, {
    body: { spec: { rules: [{ to: [{ operation: { paths: [path] } }] }] } },
    contentType: 'application/merge-patch+json',
  })
  assert.equal(status, 200)
}

/** Changes one policy, takes one away, makes one: after `changed` and `removed` are there. */
function threeChanges(versions: Readonly<Record<string, string>> = {}): readonly Change[] {
  const version = (name: string) => (versions[name] === undefined ? {} : { resourceVersion: versions[name] })
  const about = { effect: 'closes', why: 'a test' } as const
  return [
    { op: 'create', object: objectOf('made'), ...about, after: policy('made', '/made') },
    {
      op: 'update',
      object: objectOf('changed'),
      ...about,
      before: policy('changed', '/old'),
      after: policy('changed', '/new'),
      ...version('changed'),
    },
    {
      op: 'delete',
      object: objectOf('removed'),
      ...about,
      before: policy('removed', '/gone'),
      ...version('removed'),
    },
  ]
}

/** RBAC's authorizer sees a changed role a moment later, through its watch. */
async function grant(verbs: readonly string[]): Promise<void> {
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'limited', namespace },
    rules: [{ apiGroups: ['security.istio.io'], resources: ['authorizationpolicies'], verbs }],
  }
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'limited', namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'limited' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'limited' }],
  }
  for (const [list, object] of [
    ['roles', role],
    ['rolebindings', binding],
  ] as const) {
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/${list}/limited?fieldManager=test&force=true`
    await cluster.call('PATCH', path, {
      body: JSON.stringify(object),
      contentType: 'application/apply-patch+yaml',
    })
  }
  for (const verb of ['get', 'create', 'update', 'delete']) {
    for (let tries = 0; ; tries++) {
      const { body } = await cluster.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        token: cluster.token('limited'),
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: {
            resourceAttributes: {
              verb,
              group: 'security.istio.io',
              resource: 'authorizationpolicies',
              namespace,
            },
          },
        },
      })
      if ((body.status.allowed === true) === verbs.includes(verb)) break
      assert.ok(tries < 500, 'the role has no effect')
    }
  }
}

let runs = 0
async function run(changes: readonly Change[], context = 'admin'): Promise<Run> {
  const plan = planWith(`test-${runs}`, changes, proxy.url)
  const state = join(folder, `state-${runs++}`)
  const place = await openPlace(plan, { env: { XDG_STATE_HOME: state }, kubeconfig, context, say: () => {} })
  return { plan, place, state, apply: (options) => applyPlan(plan, place, options) }
}

const faultOf = (work: Promise<unknown>): Promise<AnyFault> =>
  work.then(
    () => assert.fail('it went through'),
    (error: unknown) => (isFault(error) ? error : assert.fail(error as Error)),
  )

/** Not spawnSync: the proxy lives in this process. */
const type: Beside['type'] = async (words, state, { fileBlocks, kubeconfig: config = kubeconfig } = {}) => {
  const whole = [process.execPath, kfdoor, ...words]
  const limited = ['sh', '-c', `ulimit -f ${fileBlocks}; exec "$@"`, 'sh', ...whole]
  const [program = '', ...given] = fileBlocks === undefined ? whole : limited
  const child = spawn(program, given, {
    env: { ...process.env, XDG_STATE_HOME: state, KUBECONFIG: config },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ])
  return { out, err, code }
}

/** Nothing was written: not even an annotation. */
async function writesNothing(work: () => Promise<unknown>): Promise<void> {
  const was = await dumpOf(cluster)
  proxy.plan(() => 'pass')
  await work()
  assert.deepEqual(proxy.writes, [])
  assert.deepEqual(changedIn(was, await dumpOf(cluster)), [])
}

const beside: Beside = {
  folder,
  kubeconfig,
  policies,
  cluster: () => cluster,
  proxy: () => proxy,
  threeChanges: () => threeChanges(),
  run,
  read,
  edit,
  applied,
  policy,
  grant,
  faultOf,
  writesNothing,
  type,
}

beforeEach(async () => {
  proxy.plan(() => 'pass')
  await Promise.all(
    ['made', 'changed', 'removed'].map((name) => cluster.call('DELETE', `${policies}/${name}`)),
  )
  await applied(policy('changed', '/old'))
  await applied(policy('removed', '/gone'))
})

describe('a cluster that is not what the plan was made from', () => {
  const meanwhile: readonly (readonly [what: string, does: () => Promise<unknown>, says: RegExp])[] = [
    ['edited', () => edit('changed', '/other'), /changed: \.spec\.rules/],
    ['deleted', () => cluster.call('DELETE', `${policies}/changed`), /changed: it is gone/],
    ['created', () => applied(policy('made', '/made')), /made: it is there now/],
    ['to be deleted, and edited', () => edit('removed', '/other'), /removed: \.spec\.rules/],
    [
      'labelled',
      () =>
        cluster.call('PATCH', `${policies}/changed`, {
          body: { metadata: { labels: { a: 'b' } } },
          contentType: 'application/merge-patch+json',
        }),
      /changed: \.metadata\.labels/,
    ],
  ]
  for (const versioned of [false, true]) {
    for (const [what, does, says] of meanwhile) {
      test(`an object was ${what} since${versioned ? ', the plan has versions' : ''}: plan again`, async () => {
        const versions: Record<string, string> = versioned
          ? {
              changed: (await read('changed')).metadata.resourceVersion,
              removed: (await read('removed')).metadata.resourceVersion,
            }
          : {}
        const { apply } = await run(threeChanges(versions))
        await does()
        await writesNothing(async () => {
          const fault = await faultOf(apply())
          assert.equal(fault.code, 'ERR_PLAN_STALE')
          assert.match(fault.message, says)
          assert.match(fault.message, /plan again/)
        })
      })
    }
  }

  test('a status alone changes nothing, though it moves the version', async () => {
    const versions = { changed: (await read('changed')).metadata.resourceVersion }
    const live = await read('changed')
    const put = await cluster.call('PUT', `${policies}/changed/status`, {
      body: { ...live, status: { observedGeneration: '1' } },
    })
    assert.equal(put.status, 200)
    const { apply, plan, place } = await run(threeChanges(versions))
    assert.equal((await apply()).outcome, 'applied')
    await rollBack(plan, place)
    assert.deepEqual((await read('changed')).spec, live.spec)
    assert.equal((await read('changed')).status.observedGeneration, '1')
  })

  test('another cluster than the plan was made for', async () => {
    const { plan, place } = await run(threeChanges())
    // One proxy before many clusters tells them apart by the path.
    for (const server of ['https://10.1.2.3:6443', `${place.server}/k8s/clusters/c-m-2`]) {
      const source = { kind: 'cluster', context: '', server }
      const elsewhere = { ...plan, spec: { ...plan.spec, source } } as Plan
      await writesNothing(async () => {
        for (const work of [
          () => applyPlan(elsewhere, place),
          () => rollBack(elsewhere, place),
          () => planStatus(elsewhere, place.env, place),
        ])
          assert.equal((await faultOf(work())).code, 'ERR_PLAN_ELSEWHERE', server)
      })
    }
    // It is said before all that differs in another cluster.
    const file = join(folder, 'elsewhere.json')
    writeFileSync(
      file,
      JSON.stringify({
        ...plan,
        spec: { ...plan.spec, source: { kind: 'cluster', context: '', server: 'https://10.1.2.3:6443' } },
      }),
    )
    const { code, err } = await type(['apply', file, '--yes'], join(folder, 'elsewhere'))
    assert.equal(code, 2, err)
    assert.match(err, /KFD1922: .* was made for https:\/\/10\.1\.2\.3:6443, and this is/)
  })

  test('a cluster behind a path of its own is known by it', async () => {
    const path = join(folder, 'behind-a-path')
    const server = `${cluster.url}/k8s/clusters/c-m-2`
    const config = JSON.parse(readFileSync(kubeconfig, 'utf8'))
    config.clusters[0].cluster.server = `${server}/`
    writeFileSync(path, JSON.stringify(config))
    const place = await openPlace(planWith('x', [], server), { env: {}, kubeconfig: path, say: () => {} })
    place.close()
    assert.equal(place.server, server)
  })

  test('a kind the cluster has not, and an object no schema takes', async () => {
    const wrong = { ...policy('made', '/made'), spec: { action: 'DENY', rulez: [] } }
    const unserved = { ...policy('made', '/made'), apiVersion: 'security.example.org/v1' }
    for (const [object, says] of [
      [wrong, /rulez/],
      [unserved, /no security\.example\.org\/v1 AuthorizationPolicy/],
    ] as const) {
      const name = { ...objectOf('made'), apiVersion: object.apiVersion }
      const { apply } = await run([{ op: 'create', object: name, effect: 'closes', why: '', after: object }])
      await writesNothing(async () => {
        const fault = await faultOf(apply())
        assert.equal(fault.code, 'ERR_PLAN_REJECTED')
        assert.match(fault.message, says)
      })
    }
  })

  test('a webhook that does not answer: what it stands before is named, and nothing is written', async () => {
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
    const webhook = {
      name: 'validation.example.com',
      clientConfig: { url: 'https://127.0.0.1:1/' },
      rules: [
        {
          ...{ apiGroups: ['security.istio.io'], apiVersions: ['*'], operations: ['UPDATE'] },
          resources: ['authorizationpolicies'],
        },
      ],
      ...{ sideEffects: 'None', admissionReviewVersions: ['v1'] },
    }
    const body = { metadata: { name: 'deaf' }, webhooks: [webhook] }
    const asked = { body: await read('changed') }
    // Nothing says when the API server has read it.
    const until = async (status: number) => {
      while ((await cluster.call('PUT', `${policies}/changed?dryRun=All`, asked)).status !== status)
        await new Promise((again) => setTimeout(again, 50))
    }
    assert.equal((await cluster.call('POST', path, { body })).status, 201)
    try {
      await until(500)
      const { apply } = await run(threeChanges())
      await writesNothing(async () => {
        const fault = await faultOf(apply())
        assert.equal(fault.code, 'ERR_PLAN_REJECTED')
        assert.match(fault.message, /AuthorizationPolicy istio-system\/changed: .*failed calling webhook/)
      })
    } finally {
      await cluster.call('DELETE', `${path}/deaf`)
      await until(200)
    }
  })

  test('a fingerprint of a reading is never written', async () => {
    const before = policy('changed', '/old')
    const after = policy('changed', 'scrubbed:0123456789abcdef')
    const { apply } = await run([
      { op: 'update', object: objectOf('changed'), effect: 'opens', why: '', before, after },
    ])
    await writesNothing(async () => {
      assert.match((await faultOf(apply())).message, /fingerprint/)
    })
  })
})

describe('an editor at work', () => {
  test('between the check and the first write: that write is refused, nothing was written', async () => {
    const { apply } = await run(threeChanges().slice(1))
    proxy.plan(async ({ number }): Promise<Fate> => {
      if (number === 1) await edit('changed', '/theirs')
      return 'pass'
    })
    const fault = await faultOf(apply())
    assert.equal(fault.code, 'ERR_PLAN_STALE')
    assert.match(fault.message, /nothing was written/)
    const { spec, metadata } = await read('changed')
    assert.deepEqual([spec.rules[0].to[0].operation.paths, metadata.annotations], [['/theirs'], undefined])
  })

  test('of the same name between the check and its creation: theirs stays as it is', async () => {
    const { apply, plan, place } = await run(threeChanges())
    proxy.plan(async ({ number }): Promise<Fate> => {
      if (number === 1) await applied(policy('made', '/theirs'))
      return 'pass'
    })
    assert.equal((await faultOf(apply())).code, 'ERR_PLAN_STALE')
    assert.equal((await rollBack(plan, place)).outcome, 'nothing')
    assert.deepEqual((await read('made')).spec, policy('made', '/theirs').spec)
  })

  test('between two writes: the plan stops, status says so, rollback undoes what is ours', async () => {
    const { apply, plan, place } = await run(threeChanges())
    proxy.plan(async ({ number }): Promise<Fate> => {
      if (number === 2) await edit('changed', '/theirs')
      return 'pass'
    })
    const fault = await faultOf(apply())
    assert.equal(fault.code, 'ERR_PLAN_STALE')
    assert.match(fault.message, /nothing more was written/)
    const { steps } = await planStatus(plan, place.env, place)
    assert.deepEqual(
      steps.map(({ state }) => state),
      ['written', 'pending', 'pending'],
    )
    assert.equal((await faultOf(applyPlan(plan, place, { resume: true }))).code, 'ERR_PLAN_STALE')
    assert.equal((await rollBack(plan, place)).outcome, 'rolled-back')
    assert.equal((await cluster.call('GET', `${policies}/made`)).status, 404)
    assert.deepEqual((await read('changed')).spec.rules[0].to[0].operation.paths, ['/theirs'])
  })

  test('of what was written, before the rest is: going on is refused', async () => {
    const { apply, plan, place } = await run(threeChanges())
    proxy.plan(({ number }) => (number === 2 ? 'drop-before' : 'pass'))
    assert.equal((await faultOf(apply())).code, 'ERR_PLAN_CUT')
    await edit('made', '/theirs')
    proxy.plan(() => 'pass')
    const fault = await faultOf(applyPlan(plan, place, { resume: true }))
    assert.equal(fault.code, 'ERR_PLAN_EDITED')
    assert.match(fault.message, /made: \.spec\.rules/)
    assert.deepEqual(proxy.writes, [])
  })

  // Made anew after a rollback, or for want of something, it has other versions and the same name.
  test('a plan made anew takes the place of one of its name, unless that is applied', async () => {
    const { apply, plan, place } = await run(threeChanges())
    const again = async () => {
      const { resourceVersion } = (await read('changed')).metadata
      return { ...plan, spec: { ...plan.spec, changes: threeChanges({ changed: resourceVersion }) } }
    }
    await edit('changed', '/theirs')
    assert.equal((await faultOf(apply())).code, 'ERR_PLAN_STALE')
    await applied(policy('changed', '/old'))
    const second = await again()
    assert.equal((await applyPlan(second, place)).outcome, 'applied')
    const changes = threeChanges().map((change) =>
      change.op === 'create' ? { ...change, after: policy('made', '/otherwise') } : change,
    )
    await writesNothing(async () => {
      assert.equal((await apply()).outcome, 'already', 'only the version moved')
      const fault = await faultOf(applyPlan({ ...plan, spec: { ...plan.spec, changes } }, place))
      assert.equal(fault.code, 'ERR_PLAN_STATE')
      assert.match(fault.message, /is applied or begun as it was planned before.*kfdoor rollback/)
    })
    await rollBack(second, place)
    const third = await again()
    assert.equal((await planStatus(third, place.env, place)).state, 'rolled-back')
    assert.equal((await applyPlan(third, place)).outcome, 'applied')
    assert.equal((await rollBack(third, place)).outcome, 'rolled-back')
  })

  for (const [what, does] of [
    ['edits', () => edit('changed', '/theirs')],
    ['deletes', () => cluster.call('DELETE', `${policies}/changed`)],
    ['edits what the plan made', () => edit('made', '/theirs')],
    ['makes again what the plan took away', () => applied(policy('removed', '/theirs'))],
  ] as const) {
    test(`somebody ${what} before the rollback, or another apply: shown, and nothing done; --force puts it back`, async () => {
      const { apply, plan, place } = await run(threeChanges())
      await apply()
      await does()
      await writesNothing(async () => {
        const fault = await faultOf(rollBack(plan, place))
        assert.equal(fault.code, 'ERR_PLAN_EDITED')
        assert.match(fault.message, /--force/)
        // Nor is it called applied any more.
        assert.equal((await faultOf(apply())).code, 'ERR_PLAN_EDITED')
      })
      const status = await planStatus(plan, place.env, place)
      assert.equal(status.steps.filter(({ edited }) => edited !== undefined).length, 1)
      assert.equal((await rollBack(plan, place, { force: true })).outcome, 'rolled-back')
      assert.equal((await cluster.call('GET', `${policies}/made`)).status, 404)
      assert.deepEqual((await read('changed')).spec, policy('changed', '/old').spec)
      assert.deepEqual((await read('removed')).spec, policy('removed', '/gone').spec)
    })
  }

  test('somebody deleted what the plan made: that is what undoing wants', async () => {
    const { apply, plan, place } = await run(threeChanges())
    await apply()
    await cluster.call('DELETE', `${policies}/made`)
    assert.equal((await rollBack(plan, place)).outcome, 'rolled-back')
  })
})

describe('objects somebody else keeps', () => {
  const keepers: readonly (readonly [who: string, object: Anything, manager: string, says: RegExp])[] = [
    [
      'Argo CD by its annotation',
      policy('changed', '/old', { annotations: { 'argocd.argoproj.io/tracking-id': 'door:x' } }),
      'kubectl',
      /kept by Argo CD/,
    ],
    ...(
      [
        ['labels', 'argocd.argoproj.io/instance', 'door', 'Argo CD'],
        ['labels', 'helm.toolkit.fluxcd.io/name', 'door', 'Flux'],
        ['annotations', 'meta.helm.sh/release-name', 'door', 'Helm'],
        ['labels', 'app.kubernetes.io/managed-by', 'Helm', 'Helm'],
        ['labels', 'objectset.rio.cattle.io/hash', '3b1f', 'Rancher Fleet'],
        ['labels', 'fleet.cattle.io/bundle-name', 'door', 'Rancher Fleet'],
        ['labels', 'kapp.k14s.io/app', '1700000000', 'kapp'],
        ['annotations', 'configmanagement.gke.io/managed', 'enabled', 'Config Sync'],
        ['annotations', 'configsync.gke.io/resource-id', 'door', 'Config Sync'],
        ['annotations', 'config.k8s.io/owning-inventory', 'door', 'an inventory of cli-utils'],
        ['labels', 'crossplane.io/composite', 'door', 'Crossplane'],
        ['labels', 'app.kubernetes.io/managed-by', 'pulumi', 'Pulumi'],
        ['labels', 'addonmanager.kubernetes.io/mode', 'Reconcile', 'the addon manager'],
      ] as const
    ).map(
      ([where, mark, value, by]) =>
        [
          `${by} by \`${mark}\``,
          policy('changed', '/old', { [where]: { [mark]: value } }),
          'kubectl',
          new RegExp(`kept by ${by} \\(.${mark}: ${value}.\\)`),
        ] as const,
    ),
    [
      'Flux by its label',
      policy('changed', '/old', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'door' } }),
      'kubectl',
      /kept by Flux/,
    ],
    [
      'a controller by its owner',
      policy('changed', '/old', {
        ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'u', controller: true }],
      }),
      'kubectl',
      /controller of ConfigMap x/,
    ],
    [
      'argocd-controller by its fields',
      policy('changed', '/old'),
      'argocd-controller',
      /`argocd-controller` owns \.spec\.rules/,
    ],
    ...[
      'argocd-application-controller',
      'kustomize-controller',
      'helm-controller',
      'helm',
      'fleetagent',
      'configsync',
      'kapp',
      'crossplane-kubernetes-provider',
      'Terraform',
      'pulumi-kubernetes',
    ].map(
      (manager) =>
        [
          `${manager} by its fields`,
          policy('changed', '/old'),
          manager,
          new RegExp(`.${manager}. owns \\.spec\\.rules`),
        ] as const,
    ),
    ['a program nobody knows', policy('changed', '/old'), 'my-operator', /`my-operator` owns \.spec\.rules/],
  ]
  for (const [who, object, manager, says] of keepers) {
    test(`${who}: shown, not forced; --force-conflicts takes it, and rollback gives it back`, async () => {
      await cluster.call('DELETE', `${policies}/changed`)
      await applied(object, manager)
      const { metadata } = object
      const [was, whole] = [await read('changed'), await dumpOf(cluster)]
      const { apply, plan, place } = await run([
        {
          op: 'update',
          object: objectOf('changed'),
          effect: 'closes',
          why: '',
          before: policy('changed', '/old', metadata),
          after: policy('changed', '/new', metadata),
        },
      ])
      await writesNothing(async () => {
        const fault = await faultOf(apply())
        assert.equal(fault.code, 'ERR_PLAN_CONFLICT')
        assert.match(fault.message, says)
      })
      assert.equal((await apply({ forceConflicts: true })).outcome, 'applied')
      const is = await read('changed')
      assert.equal(is.spec.rules[0].to[0].operation.paths[0], '/new')
      assert.equal(is.metadata.annotations['kfdoor.dev/plan'], plan.metadata.name)
      assert.ok(is.metadata.managedFields.some((entry: Anything) => entry.manager === 'kfdoor'))
      await rollBack(plan, place)
      assert.deepEqual(changedIn(whole, await dumpOf(cluster)), [])
      assert.deepEqual((await read('changed')).metadata.managedFields, was.metadata.managedFields)
    })
  }

  test('deleting what a program wrote is a conflict too', async () => {
    await cluster.call('DELETE', `${policies}/removed`)
    await applied(policy('removed', '/gone'), 'my-operator')
    const { apply, plan, place } = await run(threeChanges().slice(2))
    await writesNothing(async () => {
      assert.match(
        (await faultOf(apply({ rehearse: 'server' }))).message,
        /removed is written by `my-operator`/,
      )
      // The command it names finds the plan.
      assert.equal(findPlan(place.env, plan.metadata.name).metadata.name, plan.metadata.name)
      assert.match((await faultOf(apply())).message, /removed is written by `my-operator`/)
    })
  })

  test("a person's own file is named, since its next apply would undo the plan", async () => {
    const { apply } = await run(threeChanges())
    const { notes } = await apply()
    assert.ok(
      notes.some((note) => /changed: \.spec\.rules came from `kubectl`/.test(note)),
      notes.join('\n'),
    )
  })

  /** The API server's own list of conflicts, for an apply without force. */
  test('what others own is what the API server says they own', async () => {
    const base = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'owned', namespace, labels: { a: '1', b: '2' }, annotations: { note: 'x' } },
      spec: {
        selector: { app: 'door', tier: 'front' },
        ports: [
          { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' },
          { name: 'https', port: 443, targetPort: 8443, protocol: 'TCP' },
        ],
      },
    }
    const path = `/api/v1/namespaces/${namespace}/services/owned`
    const send = (object: Anything, manager: string, query = '') =>
      cluster.call('PATCH', `${path}?fieldManager=${manager}${query}`, {
        body: JSON.stringify(object),
        contentType: 'application/apply-patch+yaml',
      })
    await send(base, 'first', '&force=true')
    await send(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'owned', labels: { c: '3' } },
        spec: { externalName: 'x.example.org' },
      },
      'second',
    )
    const live = (await cluster.call('GET', path)).body
    const edits: readonly ((copy: Anything) => void)[] = [
      (copy) => {
        copy.metadata.labels.a = 'changed'
      },
      (copy) => {
        copy.metadata.labels.c = 'changed'
        copy.spec.selector.app = 'other'
      },
      (copy) => {
        copy.spec.ports[0].targetPort = 9090
      },
      (copy) => {
        copy.spec.ports.push({ name: 'new', port: 9000, targetPort: 9000, protocol: 'TCP' })
        copy.metadata.labels.d = 'added'
      },
      (copy) => {
        copy.metadata.annotations.note = 'y'
        copy.spec.externalName = 'y.example.org'
      },
    ]
    for (const change of edits) {
      const target = structuredClone(live)
      change(target)
      const mine: Anything = structuredClone(target)
      delete mine.metadata.managedFields
      delete mine.metadata.resourceVersion
      delete mine.status
      const answer = await send(mine, 'kfdoor', '&dryRun=All')
      const told = (answer.body.details?.causes ?? []).map(({ message, field }: Anything) => ({
        manager: /conflict with "([^"]+)"/.exec(message)?.[1],
        field,
      }))
      const found = ownersOf(live, target, 'kfdoor').flatMap(({ manager, fields }: Owned) =>
        fields.map((field) => ({
          manager,
          field: field.replaceAll(
            /\[\{(.*?)\}\]/g,
            (_, key: string) => `[${key.replaceAll(/"(\w+)":/g, '$1=')}]`,
          ),
        })),
      )
      const sorted = (list: Anything[]) => list.map(({ manager, field }) => `${manager} ${field}`).sort()
      assert.deepEqual(sorted(found), sorted(told))
    }
  })
})

describe('server-side apply', () => {
  const waysOf = async (name: string) =>
    Object.fromEntries(
      ((await read(name)).metadata.managedFields as Anything[]).map(({ manager, operation, fieldsV1 }) => [
        `${manager} ${operation}`,
        Object.keys(fieldsV1['f:spec'] ?? {}).sort(),
      ]),
    )
  const update = (name: string, before: Anything, after: Anything): Change => ({
    op: 'update',
    object: objectOf(name),
    effect: 'closes',
    why: 'a test',
    before,
    after,
  })

  test('makes what is absent and adds what nobody has; what a person has is written whole', async () => {
    const selected = policy('removed', '/gone')
    selected.spec.selector = { matchLabels: { app: 'door' } }
    const was = await dumpOf(cluster)
    const { apply, plan, place } = await run([
      ...threeChanges().slice(0, 2),
      update('removed', policy('removed', '/gone'), selected),
    ])
    await apply()
    assert.deepEqual(
      proxy.writes.map(({ method }) => method),
      ['PATCH', 'PUT', 'PATCH'],
    )
    const kubectl = ['f:action', 'f:rules']
    assert.deepEqual(await waysOf('made'), { 'kfdoor Apply': kubectl })
    assert.deepEqual(await waysOf('changed'), { 'kfdoor Update': ['f:rules'], 'kubectl Apply': ['f:action'] })
    assert.deepEqual(await waysOf('removed'), { 'kfdoor Apply': ['f:selector'], 'kubectl Apply': kubectl })
    await rollBack(plan, place)
    assert.deepEqual(changedIn(was, await dumpOf(cluster)), [])
  })

  test('of what an earlier plan applied drops nothing, and gives it back', async () => {
    const [first, second] = [policy('made', '/made'), policy('made', '/made')]
    second.spec.selector = { matchLabels: { app: 'door' } }
    await (await run(threeChanges().slice(0, 1))).apply()
    const was = await dumpOf(cluster)
    const { apply, plan, place } = await run([update('made', first, second)])
    await apply()
    assert.deepEqual((await read('made')).spec, second.spec)
    assert.deepEqual(await waysOf('made'), { 'kfdoor Apply': ['f:action', 'f:rules', 'f:selector'] })
    await rollBack(plan, place)
    assert.deepEqual(changedIn(was, await dumpOf(cluster)), [])
  })

  test('asked by many at once for one name makes it once, and touches nothing that is there', async () => {
    const { place } = await run([])
    for (let round = 0; round < 10; round++) {
      await cluster.call('DELETE', `${policies}/made`)
      const asked = await Promise.all([
        ...['/a', '/b', '/c', '/d'].map((path) => place.objects.apply(policy('made', path))),
        cluster.call('POST', policies, { body: policy('made', '/theirs') }),
      ])
      const made = asked.filter((each) => ('kind' in each ? each.kind === 'done' : each.status === 201))
      assert.equal(made.length, 1)
      const lost = asked.filter((each) => ('kind' in each ? each.kind === 'moved' : each.status === 409))
      assert.equal(lost.length, 4)
      assert.equal((await read('made')).metadata.generation, 1)
    }
  })

  test('without the right to patch, all is written whole', async () => {
    await grant(['get', 'create', 'update', 'delete'])
    const { apply } = await run(threeChanges(), 'limited')
    await apply()
    assert.deepEqual(
      proxy.writes.map(({ method }) => method),
      ['POST', 'PUT', 'DELETE'],
    )
  })
})

describe('rights', () => {
  test('what is missing is listed by verb, resource and namespace, and nothing is written', async () => {
    await grant(['get', 'create', 'delete'])
    const { apply } = await run(threeChanges(), 'limited')
    await writesNothing(async () => {
      const fault = await faultOf(apply())
      assert.equal(fault.code, 'ERR_PLAN_RIGHTS')
      assert.match(
        fault.message,
        /update authorizationpolicies\.security\.istio\.io in istio-system \(changed\)/,
      )
      assert.doesNotMatch(fault.message, /create|delete authorization/)
    })
  })

  test('enough to do and not to undo: a note, or a refusal where undoing is wanted', async () => {
    await grant(['get', 'create', 'update'])
    const { apply } = await run(threeChanges().slice(0, 2), 'limited')
    await writesNothing(async () => {
      assert.equal((await faultOf(apply({ undoable: true }))).code, 'ERR_PLAN_RIGHTS')
    })
    const { notes, outcome } = await apply()
    assert.equal(outcome, 'applied')
    assert.ok(notes.some((note) => /could not roll this back.*delete authorizationpolicies/.test(note)))
  })

  test('a right lost between two writes: stopped, and finished when it is back', async () => {
    await grant(['get', 'create', 'update', 'delete'])
    const { apply, plan, place } = await run(threeChanges(), 'limited')
    proxy.plan(async ({ number }): Promise<Fate> => {
      if (number === 3) await grant(['get', 'create', 'update'])
      return 'pass'
    })
    const fault = await faultOf(apply())
    assert.equal(fault.code, 'ERR_PLAN_STOPPED')
    assert.match(fault.message, /removed.*forbidden/s)
    assert.equal((await faultOf(rollBack(plan, place))).code, 'ERR_PLAN_RIGHTS')
    await grant(['get', 'create', 'update', 'delete'])
    assert.equal((await applyPlan(plan, place, { resume: true })).outcome, 'applied')
    assert.equal((await rollBack(plan, place)).outcome, 'rolled-back')
  })

  test('nobody may do nothing', async () => {
    const { apply } = await run(threeChanges(), 'nobody')
    await writesNothing(async () => {
      const { message } = await faultOf(apply())
      for (const verb of ['get', 'create', 'update', 'delete'])
        assert.match(message, new RegExp(`${verb} auth`))
    })
  })

  test('on behalf of somebody: each change is held against what they may do first', async () => {
    const { plan, place } = await run(threeChanges())
    const permit = async ({ op }: Change) => (op === 'delete' ? 'only an administrator may' : undefined)
    await writesNothing(async () => {
      const fault = await faultOf(applyPlan(plan, { ...place, permit }))
      assert.equal(fault.code, 'ERR_PLAN_NOT_PERMITTED')
      assert.match(fault.message, /removed: only an administrator may/)
    })
  })
})

describe('rights and credentials that go', () => testRights(beside))

describe('an editor at every moment', () => testEditors(beside))

describe('a journal that cannot be kept', () => testJournal(beside))

describe('waiting for whoever acts on an object', () => {
  const direct = join(folder, 'direct')
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'awaited' }
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`
  const step = { object: deployment, op: 'create', state: 'written' } as const

  before(async () => {
    cluster.kubeconfig(direct)
    const labels = { app: 'awaited' }
    const spec = {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    }
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'awaited', namespace }, spec }
    assert.equal((await cluster.call('POST', path, { body })).status, 201)
  })
  after(() => cluster.call('DELETE', `${path}/awaited`))

  test('it is late while nobody says so, and a policy keeps no record', async () => {
    const plan = planWith('awaited', threeChanges(), cluster.url)
    const place = await openPlace(plan, { env: {}, kubeconfig: direct, say: () => {} })
    const policyStep = { object: objectOf('changed'), op: 'update', state: 'written' } as const
    const seen = await awaitSeen(place.objects, [step, policyStep], 300)
    assert.deepEqual(
      seen.map((each) => each.seen),
      ['late', 'unseen'],
    )
    place.close()
  })

  test('it is told by the watch in the moment its controller writes the status', async () => {
    const plan = planWith('awaited', threeChanges(), cluster.url)
    const place = await openPlace(plan, { env: {}, kubeconfig: direct, say: () => {} })
    const watching = Promise.withResolvers<void>()
    const objects = {
      ...place.objects,
      read: place.objects.read.bind(place.objects),
      watch: (...asked: Parameters<typeof place.objects.watch>) => {
        watching.resolve()
        return place.objects.watch(...asked)
      },
    }
    const waiting = awaitSeen(objects, [step], 60_000)
    await watching.promise
    const { body } = await cluster.call('GET', `${path}/awaited`)
    const status = { observedGeneration: body.metadata.generation }
    assert.equal(
      (await cluster.call('PUT', `${path}/awaited/status`, { body: { ...body, status } })).status,
      200,
    )
    assert.deepEqual(await waiting, [{ object: deployment, seen: 'yes' }])
    place.close()
  })
})

describe('the command line', () => {
  test('two applies of one plan at once: one works, the other is told who', async () => {
    const { apply, plan, place } = await run(threeChanges())
    let second: AnyFault | undefined
    proxy.plan(async ({ number }): Promise<Fate> => {
      if (number === 1) second = await faultOf(applyPlan(plan, place))
      return 'pass'
    })
    await apply()
    assert.equal(second?.code, 'ERR_PLAN_BUSY')
    assert.match(second?.message ?? '', new RegExp(`process ${process.pid} on`))
  })

  test('a whole day: dry runs, apply, list, status, rollback; a Secret is nowhere to be read', async () => {
    const state = join(folder, 'day')
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'door-tls', namespace },
      type: 'Opaque',
      data: { 'tls.key': Buffer.from('very-hidden').toString('base64') },
    }
    const object = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'door-tls' }
    const plan = planWith(
      'day',
      [...threeChanges(), { op: 'create', object, effect: 'neutral', why: 'TLS', after: secret }],
      proxy.url,
    )
    const file = join(folder, 'day.json')
    writeFileSync(file, JSON.stringify(plan))
    const seen: string[] = []
    const say = async (words: readonly string[]) => {
      const answer = await type(words, state)
      seen.push(answer.out, answer.err)
      return answer
    }
    await writesNothing(async () => {
      for (const where of ['client', 'server']) {
        const { code, out, err } = await say(['apply', file, '--dry-run', where, '--allow-kind', 'Secret'])
        assert.equal(code, 0, err)
        assert.match(out, /would be applied; nothing was written/)
      }
      const { code, err } = await say(['apply', file, '--allow-kind', 'Secret'])
      assert.equal(code, 2)
      assert.match(
        err,
        /KFD0100: nobody is here to be asked; say `--yes` to go ahead, or (only look with `--dry-run client`|see `kfdoor plan status )/,
      )
    })
    const was = await dumpOf(cluster)
    assert.equal((await say(['plan', 'list'])).out, '')
    const unasked = await say(['apply', file, '--yes'])
    assert.equal(unasked.code, 2)
    assert.match(
      unasked.err,
      /KFD0100: .*Secret istio-system\/door-tls: no command of kfdoor writes a Secret/s,
    )
    const applied = await say(['apply', file, '--yes', '-o', 'json', '--allow-kind', 'Secret'])
    assert.equal(applied.code, 0, applied.err)
    assert.equal(JSON.parse(applied.out).outcome, 'applied')
    assert.match(
      applied.err,
      /created AuthorizationPolicy istio-system\/made\nupdated .*changed\ndeleted .*removed/,
    )
    assert.match((await say(['plan', 'list'])).out, /^NAME +STATE.*\nday +applied/)
    assert.equal(JSON.parse((await say(['plan', 'list', '-o', 'json'])).out).plans[0].state, 'applied')
    assert.match((await say(['plan', 'status', 'day'])).out, /day: applied at .*\n {2}create .*written/)
    assert.equal(JSON.parse((await say(['plan', 'status', 'day', '-o', 'json'])).out).steps.length, 4)
    for (const form of ['text', 'json', 'yaml'])
      assert.equal((await say(['plan', 'show', 'day', '-o', form])).code, 0)
    assert.equal(
      (await say(['apply', 'day', '--yes', '--allow-kind', 'Secret'])).out,
      'day: is applied already; nothing was written\n',
    )
    assert.equal(
      (await say(['rollback', 'day', '--yes', '--allow-kind', 'Secret'])).out,
      'day: rolled back\n',
    )
    assert.equal((await say(['plan', 'status', file])).code, 0)
    assert.deepEqual(
      changedIn(was, await dumpOf(cluster)).filter((path) => !path.endsWith('/removed')),
      [],
    )
    assert.doesNotMatch(seen.join('\n'), /very-hidden|dmVyeS1oaWRkZW4/)
    const place = join(state, 'kfdoor', 'plans', 'day')
    assert.equal(statSync(place).mode & 0o777, 0o700)
    for (const name of readdirSync(place)) assert.equal(statSync(join(place, name)).mode & 0o777, 0o600, name)
  })

  const wrong: readonly (readonly [name: string, content: string, says: RegExp])[] = [
    ['nothing', '', /is no plan|has to be a mapping/],
    ['no YAML', 'a: [', /KFD0103: .*:1/],
    ['another kind', 'apiVersion: v1\nkind: ConfigMap\n', /no plan/],
    [
      'a name that is a path',
      changedPlan((plan) => {
        plan.metadata.name = '../../etc/x'
      }),
      /metadata\.name/,
    ],
    [
      'an object whose name is a path',
      changedPlan((plan) => {
        plan.spec.changes[0].object.name = '../x'
        plan.spec.changes[0].after.metadata.name = '../x'
      }),
      /no name of an object/,
    ],
    [
      'a role for everything',
      changedPlan((plan) => {
        const metadata = { name: 'x', namespace }
        const kind = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding' }
        plan.spec.changes = [
          {
            op: 'create',
            object: { ...kind, ...metadata },
            effect: 'neutral',
            why: '',
            after: { ...kind, metadata },
          },
        ]
      }),
      /KFD0100: .*no command of kfdoor writes a ClusterRoleBinding/s,
    ],
    [
      'another object than it says',
      changedPlan((plan) => {
        plan.spec.changes[0].after.metadata.name = 'other'
      }),
      /another object/,
    ],
    [
      'two changes of one object',
      changedPlan((plan) => {
        plan.spec.changes.push(plan.spec.changes[0])
      }),
      /two changes/,
    ],
    [
      'an alias that grows without end',
      `a: &a [x,x]\n${Array.from({ length: 30 }, (_, at) => `b${at}: &b${at} [*${at === 0 ? 'a' : `b${at - 1}`},*${at === 0 ? 'a' : `b${at - 1}`}]`).join('\n')}\n`,
      /KFD0103/,
    ],
  ]
  for (const [name, content, says] of wrong) {
    test(`a file with ${name} is no plan: exit 2, with its place`, async () => {
      const file = join(folder, 'wrong.yaml')
      writeFileSync(file, content)
      for (const words of [
        ['apply', file, '--yes'],
        ['rollback', file, '--yes'],
        ['plan', 'show', file],
      ].slice(0, says.source.includes('KFD0100') ? 2 : 3)) {
        const { code, err, out } = await type(words, join(folder, 'wrong'))
        assert.deepEqual([code, out], [2, ''], err)
        assert.match(err, says)
        assert.doesNotMatch(err, /this should not happen/)
      }
    })
  }

  test('--kube-as reads the door again as that user too, and gets no further than they would', async () => {
    const file = join(folder, 'as.json')
    writeFileSync(file, JSON.stringify(planWith('as-nobody', threeChanges(), proxy.url)))
    await writesNothing(async () => {
      const { code, err } = await type(['apply', file, '--yes', '--kube-as', 'nobody'], join(folder, 'as'))
      assert.equal(code, 4, err)
      assert.match(err, /forbidden|cannot list|shows no object/)
    })
  })

  test('a plan nobody knows names those there are', async () => {
    const { code, err } = await type(['apply', 'dya', '--yes'], join(folder, 'day'))
    assert.equal(code, 2)
    assert.match(err, /KFD1911: no plan is called `dya`.*`day`/)
  })
})

function changedPlan(change: (plan: Anything) => void): string {
  const plan = structuredClone(planWith('wrong', threeChanges(), 'http://127.0.0.1:1')) as Anything
  change(plan)
  return JSON.stringify(plan)
}
