import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { aWorld, planFor, refusal, type TestWorld } from '../../e2e/change/intent-world.ts'
import { authService } from '../policy/auth-service.ts'
import { createOf, deleteOf, type EditableObject, updateOf } from './changes.ts'
import { migrateAuthService } from './migrate-auth-service.ts'
import { findRaw, type RawObject } from './raw-door.ts'
import type { Seat } from './seat.ts'

const rows: readonly (readonly [profile: string, seat: Seat, object: string, file: string])[] = [
  ['26.03', 'oauth2-proxy', 'Deployment oauth2-proxy/oauth2-proxy', 'oauth2-proxy.yaml'],
  ['v1.9', 'oauth2-proxy', 'Deployment oauth2-proxy/oauth2-proxy', 'oauth2-proxy.yaml'],
  ['v1.8', 'authservice', 'StatefulSet istio-system/oidc-authservice', 'authservice-v1.8.yaml'],
  ['v1.6', 'authservice', 'StatefulSet istio-system/authservice', 'authservice-v1.6.yaml'],
]
for (const [profile, seat, object, file] of rows) {
  test(`${profile}: the seat of ${seat} is what deploy/seats has, and nobody’s access changes`, () => {
    const world = aWorld([`profiles/${profile}/release`])
    const { spec } = planFor(
      world,
      migrateAuthService(world, seat, { image: 'kfdoor:0.1.0' }),
      `migrate ${seat}`,
    )
    const [change] = spec.changes
    assert.ok(change?.op === 'update' && spec.changes.length === 1)
    assert.equal(`${change.object.kind} ${change.object.namespace}/${change.object.name}`, object)
    const container = (from: unknown) =>
      (from as { spec: { template: { spec: { containers: Record<string, unknown>[] } } } }).spec.template.spec
        .containers[0] as Record<string, unknown>
    const patch = container(
      parse(readFileSync(new URL(`../../deploy/seats/${file}`, import.meta.url), 'utf8')),
    )
    const [before, after] = [container(change.before), container(change.after)]
    for (const [key, value] of Object.entries(patch)) assert.deepEqual(after[key], value, key)
    for (const key of ['args', 'env', 'envFrom', 'ports', 'volumeMounts'])
      assert.deepEqual(after[key], before[key], key)
    const { gained, lost, changed, public: opened, unknown } = spec.access
    assert.deepEqual([gained, lost, changed, opened, unknown], [[], [], [], [], []])
    assert.match(spec.risks.join('\n'), /is the one Kubeflow publishes/)
    assert.deepEqual(
      migrateAuthService(world.after(spec.changes), seat, { image: 'kfdoor:0.1.0' }).changes,
      [],
    )
  })
}

test('the old service is asked on, where it still runs', () => {
  const { changes, risks } = migrateAuthService(aWorld(['profiles/26.03/release']), 'oauth2-proxy', {
    image: 'kfdoor:0.1.0',
    fallback: 'http://old.oauth2-proxy.svc.cluster.local',
  })
  assert.match(JSON.stringify(changes), /"--fallback","http:\/\/old\.oauth2-proxy\.svc\.cluster\.local"/)
  assert.doesNotMatch(risks.join(), /sign in once more/)
})

test('refused: a door that runs the other one, or a workload that is none', () => {
  const world = aWorld(['profiles/26.03/release'])
  assert.match(
    refusal(() => migrateAuthService(world, 'authservice', { image: 'x' })),
    /no workload of this door runs authservice/,
  )
  assert.match(
    refusal(() => migrateAuthService(world, 'oauth2-proxy', { image: 'x', workload: 'a/b' })),
    /a\/b is no workload/,
  )
})

const release = aWorld(['profiles/26.03/release'])
const deployment = findRaw(release.door, {
  kind: 'Deployment',
  namespace: 'oauth2-proxy',
  name: 'oauth2-proxy',
})
assert.ok(deployment)
const edited = (edit: (container: EditableObject) => void) =>
  release.after([
    updateOf(
      deployment,
      (copy) => edit((copy.spec.template.spec.containers as EditableObject[])[0] as EditableObject),
      'neutral',
      'by hand',
    ),
  ])
/** Another oauth2-proxy that no gateway asks. */
const grafana = createOf(
  { ...deployment.object, metadata: { namespace: 'a-monitoring', name: 'oauth2-proxy' } },
  'neutral',
  'by hand',
)
const ask = { image: 'kfdoor:0.1.0' }
const commandOf = (world: TestWorld) => {
  const [change] = migrateAuthService(world, 'oauth2-proxy', ask).changes
  assert.ok(change?.op === 'update')
  const { spec } = change.after as EditableObject
  return [
    `${change.object.namespace}/${change.object.name}`,
    spec.template.spec.containers[0].command,
  ] as const
}

test('of several the one that the door asks, else the one that is named', () => {
  assert.equal(commandOf(release.after([grafana]))[0], 'oauth2-proxy/oauth2-proxy')
  const nobodyAsks = release.after([
    grafana,
    updateOf(
      findRaw(release.door, { kind: 'ConfigMap', namespace: 'istio-system', name: 'istio' }) as RawObject,
      (copy) => {
        copy.data.mesh = 'rootNamespace: istio-system\n'
      },
      'neutral',
      'by hand',
    ),
  ])
  const several = /ERR_USAGE: several workloads run oauth2-proxy: .*a-monitoring\/oauth2-proxy/
  assert.match(
    refusal(() => migrateAuthService(nobodyAsks, 'oauth2-proxy', ask)),
    several,
  )
  const named = { ...ask, workload: 'oauth2-proxy/oauth2-proxy' }
  assert.equal(migrateAuthService(nobodyAsks, 'oauth2-proxy', named).changes.length, 1)
})

test('a Secret that is not read may hold a published value, which is said', () => {
  const gone = release.door.objects.filter(({ name }) => name.kind === 'Secret')
  const world = release.after(gone.map((raw) => deleteOf(raw, 'neutral', 'a cluster does not show it')))
  const risks = migrateAuthService(world, 'oauth2-proxy', ask).risks.join('\n')
  assert.match(risks, /Secret `oauth2-proxy\/oauth2-proxy-h675gf55ht` is not read here/)
  assert.doesNotMatch(risks, /is the one Kubeflow publishes/)
})

test('flags that stand in `command` go on to the new program', () => {
  const world = edited((container) => {
    container.command = ['/bin/oauth2-proxy', '--cookie-name=other']
  })
  const [, command] = commandOf(world)
  assert.deepEqual(command.slice(-3), ['--compat', 'oauth2-proxy', '--cookie-name=other'])
})

test('the patch for kubectl is what the plan does, whatever the container is called', () => {
  const world = edited((container) => {
    container.name = 'proxy'
  })
  const { changes, callers } = migrateAuthService(world, 'oauth2-proxy', { ...ask, image: 'r/kfdoor:x' })
  const text = callers.find(({ title }) => /patch/.test(title))?.text ?? ''
  const { containers } = JSON.parse(/ -p '(.*)'$/.exec(text)?.[1] ?? '').spec.template.spec
  const [change] = changes
  assert.ok(change?.op === 'update')
  const made = (change.after as EditableObject).spec.template.spec.containers[0]
  const { image, command, securityContext } = made
  assert.deepEqual(containers, [{ name: 'proxy', image, command, securityContext }])
})

test('where sessions would not be kept, that is said', () => {
  const world = aWorld(['profiles/v1.8/release'])
  const raw = findRaw(world.door, {
    kind: 'StatefulSet',
    namespace: 'istio-system',
    name: 'oidc-authservice',
  })
  assert.ok(raw)
  const risksWith = (mountPath: string) => {
    const mounted = updateOf(
      raw,
      (copy) => {
        copy.spec.template.spec.containers[0].volumeMounts = [{ name: 'data', mountPath }]
      },
      'neutral',
      'by hand',
    )
    return migrateAuthService(world.after([mounted]), 'authservice', ask).risks.join('\n')
  }
  assert.match(risksWith('/data'), /nothing is mounted at \/var\/lib\/authservice/)
  assert.doesNotMatch(risksWith('/var/lib/authservice/'), /nothing is mounted/)
})

test('the door still knows its auth service once kfdoor sits there', () => {
  for (const [profile, seat] of rows) {
    const world = aWorld([`profiles/${profile}/release`])
    const after = world.after(migrateAuthService(world, seat, ask).changes)
    const [was, is] = [world, after].map(({ mesh }) => authService(mesh))
    assert.equal(is?.kind, was?.kind)
    for (const name of ['oidc_issuer_url', 'client_id', 'cookie_secure', 'OIDC_PROVIDER'])
      assert.equal(is?.setting(name)?.value, was?.setting(name)?.value, name)
    const { spec } = planFor(world, migrateAuthService(world, seat, ask), `migrate ${seat}`)
    assert.deepEqual(
      spec.findings.gone.filter(({ code }) => /^KFD024/.test(code)),
      [],
    )
  }
})

const odd: readonly (readonly [what: string, call: () => unknown, words: RegExp])[] = [
  ...['', 'kf door', '--x'].map(
    (image) =>
      [
        `--image ${image}`,
        () => migrateAuthService(release, 'oauth2-proxy', { image }),
        /ERR_USAGE.*is no image/,
      ] as const,
  ),
  ...['old', 'ftp://old', 'http://user:hunter2@old'].map(
    (fallback) =>
      [
        `--fallback ${fallback}`,
        () => migrateAuthService(release, 'oauth2-proxy', { ...ask, fallback }),
        /ERR_USAGE: `--fallback` is no address of a service(?!.*hunter2)/,
      ] as const,
  ),
  ...['oauth2-proxy', 'oauth2-proxy.oauth2-proxy', 'oauth2-proxy.oauth2-proxy.svc.cluster.local:80'].map(
    (host) =>
      [
        `--shadow to itself, ${host}`,
        () => migrateAuthService(release, 'oauth2-proxy', { ...ask, shadow: `http://${host}` }),
        /it would ask itself/,
      ] as const,
  ),
  [
    '--fallback and --shadow',
    () => migrateAuthService(release, 'oauth2-proxy', { ...ask, fallback: 'http://a', shadow: 'http://a' }),
    /ERR_USAGE.*are two ways/,
  ],
  [
    'a shell that starts it',
    () =>
      commandOf(
        edited((container) => {
          container.command = ['sh', '-c', 'exec oauth2-proxy --cookie-secure=false']
        }),
      ),
    /its command is `sh`, and not oauth2-proxy itself/,
  ],
  [
    'a flag in a command that a cluster does not show',
    () =>
      commandOf(
        edited((container) => {
          container.command = ['oauth2-proxy', '--client-secret=0123456789abcdef']
        }),
      ),
    /a flag in its `command` may be secret/,
  ],
]
for (const [what, call, words] of odd) {
  test(`refused: ${what}`, () => {
    assert.match(refusal(call), words)
  })
}
