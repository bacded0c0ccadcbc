import { applyPlan, type ChangePlace } from '../../src/compose/change/apply-plan.ts'
import { startConsole } from '../../src/console/index.ts'
import type { MeshInput } from '../../src/mesh/index.ts'
import type { Plan } from '../../src/planner/index.ts'
import type { Seen, World } from './world.ts'

/** What is added to a world for attacks on the console. */
export interface ConsoleSide {
  /** `name=value` of who opened it. */
  readonly cookie: string
  readonly csrf: string
  readonly plan: string
  /** The console's own routes, by their names in the corpus. */
  readonly routes: Readonly<Record<string, string>>
}

const server = 'https://cluster.test'
const object = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  namespace: 'istio-system',
  name: 'require-identity',
} as const
const stands = (version: string, paths: readonly string[]) => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  metadata: { namespace: object.namespace, name: object.name, uid: 'u1', resourceVersion: version },
  spec: { action: 'ALLOW', rules: [{ to: [{ operation: { paths } }] }] },
})

const plan: Plan = {
  apiVersion: 'kfdoor/v1alpha1',
  kind: 'Plan',
  metadata: { name: 'expose-attacked-000001', createdAt: '2026-01-01T00:00:00Z' },
  spec: {
    command: ['expose', 'attacked'],
    source: { kind: 'cluster', context: 'attacked', server },
    changes: [
      {
        op: 'update',
        object,
        effect: 'opens',
        why: 'the attack wants it',
        before: stands('1', ['/public/*']),
        after: stands('1', ['/*']),
        resourceVersion: '1',
      },
    ],
    access: { gained: [], lost: [], changed: [], public: [], unreachable: [], deadRules: [], unknown: [] },
    findings: { new: [], gone: [] },
    risks: [],
    callers: [],
  },
}

/**
 * The console over the world's YAML, with applying allowed, before a cluster that writes down every
 * write it is asked for. Who opened the console may read there and not write.
 */
export async function withConsole(
  base: World,
  inputs: readonly MeshInput[],
  stale: boolean,
  home: string,
): Promise<World> {
  const seen: Seen[] = []
  const lines: string[] = []
  const written = (method: string, name: string) => {
    seen.push({ backend: 'cluster', method, path: name, host: server, headers: [], body: '' })
    return { kind: 'refused', status: 403, reason: 'forbidden' } as const
  }
  const place: ChangePlace = {
    env: { XDG_STATE_HOME: home },
    server,
    now: () => new Date(base.now()),
    say: (line) => lines.push(line),
    objects: {
      resource: async ({ apiVersion, kind }) => {
        const [group = '', version = ''] = apiVersion.split('/')
        return { group, version, kind, plural: 'authorizationpolicies', namespaced: true }
      },
      read: async () => ({
        kind: 'found',
        object: stale ? stands('2', ['/other/*']) : stands('1', ['/public/*']),
      }),
      create: async () => written('POST', ''),
      apply: async () => written('PATCH', object.name),
      replace: async (_, options) =>
        options?.dryRun ? { kind: 'refused', status: 403, reason: 'forbidden' } : written('PUT', object.name),
      remove: async (ref) => written('DELETE', ref.name),
      async *watch() {},
      missing: async (rights) => rights.filter(({ verb }) => verb !== 'get' && verb !== 'list'),
    },
  }
  const running = await startConsole({
    port: 0,
    source: { name: 'world.yaml', inputs, words: ['-f', 'world.yaml'] },
    certificates: {},
    plans: [plan],
    apply: (one) => applyPlan(one, place),
    version: 'attacked',
    say: (line) => lines.push(line),
  })
  const opened = await fetch(running.url, { redirect: 'manual' })
  const cookie = (opened.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const baseLog = base.log
  return {
    ...base,
    setup: 'console',
    port: running.port,
    seen,
    opened: {
      cookie,
      csrf: running.guard.csrf,
      plan: plan.metadata.name,
      routes: {
        explain: '/api/explain',
        apply: '/api/apply',
        page: '/',
        plan: '/api/plans',
        svg: '/api/path.svg',
      },
    },
    log: async () => `${await baseLog()}${lines.join('\n')}`,
    close: async () => {
      await running.close()
      await base.close()
    },
  }
}
