/** Settings of a seat with which kfdoor would not start, found where the door shows them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld, type TestWorld } from '../../../e2e/change/intent-world.ts'
import { type EditableObject, type RawObject, type Seat, seatOf, updateOf } from '../../planner/index.ts'
import { seatSettings } from './seat-settings.ts'

const proxy = aWorld(['profiles/26.03/release'])
const service = aWorld(['profiles/v1.8/release'])
const edited = (
  world: TestWorld,
  found: (raw: RawObject) => boolean,
  edit: (copy: EditableObject) => void,
) => {
  const raw = world.door.objects.find(found)
  assert.ok(raw)
  return world.after([updateOf(raw, edit, 'neutral', 'by hand')])
}
const workload = (edit: (container: EditableObject) => void) =>
  edited(
    proxy,
    ({ name }) => name.kind === 'Deployment' && name.name === 'oauth2-proxy',
    ({ spec }) => edit(spec.template.spec.containers[0]),
  )
const file = (more: string) =>
  edited(
    proxy,
    ({ name, object }) =>
      name.kind === 'ConfigMap' && JSON.stringify(object.data).includes('oauth2_proxy.cfg'),
    ({ data }) => {
      data['oauth2_proxy.cfg'] = `${data['oauth2_proxy.cfg']}\n${more}\n`
    },
  )
const variables = (more: Readonly<Record<string, string>>) =>
  edited(
    service,
    ({ name }) => name.kind === 'ConfigMap' && name.name === 'oidc-authservice-parameters',
    ({ data }) => Object.assign(data, more),
  )

const rows: readonly (readonly [what: string, seat: Seat, world: TestWorld, want: readonly RegExp[]])[] = [
  ['the release’s', 'oauth2-proxy', proxy, []],
  ['the release’s', 'authservice', service, []],
  [
    'roles in the file',
    'oauth2-proxy',
    file('allowed_roles = ["ml"]'),
    [/oauth2_proxy\.cfg:\d+.*`allowed_roles`/],
  ],
  ['what it does not have', 'oauth2-proxy', file('alowed_groups = ["ml"]'), [/alowed_groups/]],
  ['groups, which are honoured', 'oauth2-proxy', file('allowed_groups = ["ml"]'), []],
  [
    'roles among the arguments',
    'oauth2-proxy',
    workload(({ args }) => args.push('--allowed-role=ml')),
    [/allowed_roles/],
  ],
  [
    'all of it among the arguments, the path of the file in a word of its own',
    'oauth2-proxy',
    workload((container) => {
      container.args = [
        '--config',
        '/elsewhere/oauth2_proxy.cfg',
        '--http-address=:4180',
        '--allowed-role=ml',
      ]
    }),
    [/allowed_roles/],
  ],
  [
    'roles in the environment, the file in a ConfigMap that is not there',
    'oauth2-proxy',
    workload(({ args, env }) => {
      args.splice(0, args.length, '--config=/etc/none.cfg')
      env.push({ name: 'OAUTH2_PROXY_ALLOWED_ROLES', value: 'ml' })
    }),
    [/allowed_roles/],
  ],
  [
    'a Secret that is not there',
    'oauth2-proxy',
    edited(
      proxy,
      ({ name }) => name.kind === 'Secret' && name.namespace === 'oauth2-proxy',
      (copy) => {
        copy.data = {}
      },
    ),
    [],
  ],
  [
    'a variable that is refused',
    'authservice',
    variables({ EXTERNAL_AUTHZ_URL: 'http://opa' }),
    [/EXTERNAL_AUTHZ_URL/],
  ],
]
for (const [what, seat, world, want] of rows) {
  test(`${seat}: ${what}`, () => {
    const seated = seatOf(world, seat, undefined)
    assert.ok(seated)
    const { refused: told } = seatSettings(world.mesh, seat, seated)
    assert.equal(told.length, want.length, told.join('\n'))
    for (const [at, words] of want.entries()) assert.match(told[at] ?? '', words)
  })
}

test('what has no effect there is told, and an old service outside the mesh is not asked over plain http', () => {
  const seated = seatOf(proxy, 'oauth2-proxy', undefined)
  assert.ok(seated)
  const told = (old: Readonly<Record<string, string>>) =>
    seatSettings(proxy.mesh, 'oauth2-proxy', seated, old)
  assert.match(told({}).idle.join('\n'), /`ssl_insecure_skip_verify` of oauth2-proxy has no effect here/)
  assert.match(told({ fallback: 'http://old.example.com' }).refused.join(), /--fallback.*over plain http/)
  for (const url of ['https://old.example.com', 'http://old.oauth2-proxy.svc.cluster.local'])
    assert.deepEqual(told({ shadow: url }).refused, [])
})
