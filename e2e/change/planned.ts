/** Commands that change a door, as the intents behind them, each with a door it has something to do at. */
import {
  type Change,
  type ExposeAsk,
  enableM2m,
  enableTls,
  expose,
  exposePipelines,
  type Grantee,
  migrateAuthnFilter,
  migrateAuthService,
  splitGateway,
  unexpose,
  usualAudience,
} from '../../src/planner/index.ts'
import { localGatewayOnIngress } from '../../tools/tour/overlays.ts'
import { aWorld, type TestWorld } from './intent-world.ts'
import { plainModel } from './third-report.ts'

export interface Planned {
  readonly world: () => TestWorld
  readonly intend: (world: TestWorld) => readonly Change[]
}

const demo = () => aWorld(['profiles/26.03/release', 'profiles/26.03/demo'])
/** The third report's cluster. */
const report = () => aWorld(['profiles/v1.6/release'], localGatewayOnIngress, plainModel)

export const asked = (to: readonly Grantee[], more: Partial<ExposeAsk> = {}): ExposeAsk => ({
  kind: 'model',
  name: 'sklearn-iris',
  to,
  public: false,
  audience: usualAudience,
  timeout: '300s',
  ...more,
})
export const ci: Grantee = { kind: 'sa', namespace: 'team-a', name: 'ci' }
const exposed = (to: Grantee, more?: Partial<ExposeAsk>): Planned => ({
  world: demo,
  intend: (world) => expose(world, asked([to], more)).changes,
})
const migrated = (way: 'hosts' | 'paths'): Planned => ({
  world: report,
  intend: (world) =>
    migrateAuthnFilter(world, way, {
      hosts: ['kubeflow.example.com'],
      paths: ['/v1/*'],
      provider: 'authn-by-policy',
    }).changes,
})
const tls = (more: object): Planned => ({
  world: demo,
  intend: (world) => enableTls(world, { secret: 'kubeflow-tls', ...more }).changes,
})

export const planned = {
  'expose --to sa': exposed(ci),
  'expose --to user': exposed({ kind: 'user', email: 'user@example.com' }),
  'expose --to group': exposed({ kind: 'group', name: 'ml' }),
  'expose --methods GET --until': exposed(ci, { methods: ['GET'], until: '2030-12-31' }),
  'expose pipelines': {
    world: demo,
    intend: (world) =>
      exposePipelines(world, {
        to: [{ kind: 'sa', namespace: 'kubeflow', name: 'ci' }],
        namespace: 'kubeflow-user-example-com',
      }).changes,
  },
  unexpose: {
    world: () => {
      const world = demo()
      return world.after(expose(world, asked([ci])).changes)
    },
    intend: ({ door }) => unexpose(door, { kind: 'model', name: 'sklearn-iris' }).changes,
  },
  'tls enable --secret': tls({}),
  'tls enable --cert-manager': tls({
    hosts: ['kubeflow.example.com'],
    issuer: { kind: 'ClusterIssuer', name: 'letsencrypt' },
  }),
  'm2m enable': {
    world: () => aWorld(['profiles/26.03/release']),
    intend: (world) => enableM2m(world, {}).changes,
  },
  'split-gateway': { world: report, intend: (world) => splitGateway(world, {}).changes },
  'migrate authn-filter --by hosts': migrated('hosts'),
  'migrate authn-filter --by paths': migrated('paths'),
  'migrate oauth2-proxy': {
    world: demo,
    intend: (world) => migrateAuthService(world, 'oauth2-proxy', { image: 'kfdoor:test' }).changes,
  },
} satisfies Readonly<Record<string, Planned>>
