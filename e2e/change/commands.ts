import { main } from '../../src/cli/main.ts'
import { type Plan, parsePlan } from '../../src/planner/index.ts'

const editor = 'sa:kubeflow-user-example-com/default-editor'
const keys = '--jwks-uri http://cluster-jwks-proxy.istio-system.svc.cluster.local/openid/v1/jwks'

export type Release = '26.03' | 'v1.9' | 'v1.8' | 'v1.6'

/** A command that changes a door, as a person types it. */
export interface CommandRow {
  readonly words: string
  /** Releases it has something to do on; the first is the one that is always tried. */
  readonly on: readonly Release[]
  /** Why it does nothing elsewhere, in its own words. */
  readonly elsewhere: RegExp
  /** What has to be carried out before. */
  readonly first?: string
  /** Tried at every failure of every write, too. */
  readonly short?: true
  /** A profile's demo does this already. */
  readonly inDemo?: true
}

const nothing = /nothing has to change/
const migrate = (way: string): CommandRow => ({
  words: `migrate authn-filter --by ${way}`,
  on: ['v1.6', 'v1.8'],
  elsewhere: /KFD1932: migrate authn-filter is refused:.*no EnvoyFilter/s,
})

/** Every command that changes a door. */
export const commandRows: readonly CommandRow[] = [
  {
    words: `expose sklearn-iris --to ${editor} ${keys}`,
    on: ['26.03', 'v1.9', 'v1.8'],
    // In the third report's cluster the way to the model is asked to sign in twice; expose-cluster.real.test.ts has v1.6 as it ships.
    elsewhere: /KFD1932: expose sklearn-iris is refused:.*provider-denied/s,
  },
  {
    words: 'expose sklearn-iris --to user:user@example.com',
    on: ['26.03', 'v1.9', 'v1.6'],
    // There the header a person is known by would do for callers inside the mesh too.
    elsewhere: /KFD1932: expose sklearn-iris is refused:/,
  },
  {
    words: 'expose sklearn-iris --to user:user@example.com --host iris.example.com',
    on: ['v1.9', '26.03', 'v1.6'],
    elsewhere: /KFD1932: expose sklearn-iris is refused:/,
  },
  {
    words: 'expose sklearn-iris --to user:user@example.com --until 2030-01-01',
    on: ['v1.6', '26.03', 'v1.9'],
    elsewhere: /KFD1932: expose sklearn-iris is refused:/,
  },
  {
    words: 'expose sklearn-iris --public --yes-anyone-with-the-url',
    on: ['v1.8', '26.03', 'v1.9'],
    // In the third report's cluster the model's own hop asks for a sign-in too.
    elsewhere: /KFD1932: expose sklearn-iris is refused:.*provider-denied/s,
  },
  {
    words: `expose notebook/my-notebook --to ${editor} ${keys}`,
    on: ['26.03', 'v1.9', 'v1.8'],
    elsewhere: /KFD1932: expose my-notebook is refused:.*provider-denied/s,
  },
  {
    words: `expose service/kubeflow-user-example-com/my-notebook --to ${editor} --methods GET ${keys}`,
    on: ['v1.9', '26.03', 'v1.8', 'v1.6'],
    elsewhere: /KFD19\d\d/,
  },
  {
    words: 'expose pipelines --to sa:kubeflow/ci -n kubeflow-user-example-com',
    on: ['26.03', 'v1.9', 'v1.8', 'v1.6'],
    elsewhere: nothing,
    short: true,
  },
  {
    words: 'unexpose sklearn-iris',
    first: 'expose sklearn-iris --to user:user@example.com',
    on: ['26.03', 'v1.9', 'v1.6'],
    elsewhere: /KFD/,
  },
  { words: 'tls enable --secret kubeflow-tls', on: ['v1.8', '26.03', 'v1.9', 'v1.6'], elsewhere: nothing },
  {
    words: 'tls enable --cert-manager letsencrypt --host kubeflow.example.com',
    on: ['v1.9', '26.03', 'v1.8', 'v1.6'],
    elsewhere: nothing,
  },
  {
    words: 'm2m enable',
    inDemo: true,
    on: ['v1.9', '26.03'],
    elsewhere: /KFD1932: m2m enable is refused:.*nobody would get in by one/s,
  },
  {
    words: 'split-gateway',
    on: ['v1.6'],
    elsewhere: /nothing has to change|KFD1932: split-gateway is refused/,
    short: true,
  },
  { ...migrate('split-gateway'), on: ['v1.6'], elsewhere: /nothing has to change|KFD1932/ },
  migrate('hosts --host kubeflow.example.com'),
  { ...migrate('paths --path /v1/*'), short: true },
  {
    words: 'migrate oauth2-proxy',
    on: ['26.03', 'v1.9'],
    elsewhere: /no workload of this door runs oauth2-proxy/,
  },
  {
    words: 'migrate authservice',
    on: ['v1.8', 'v1.6'],
    elsewhere: /no workload of this door runs authservice/,
  },
]

/** What a command says, without a process of its own. */
export async function typed(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly out: string; readonly err: string; readonly code: number }> {
  const said = { out: [] as string[], err: [] as string[] }
  let code = 0
  await main(argv, {
    out: (text) => said.out.push(text),
    err: (text) => said.err.push(text),
    env: { PATH: process.env.PATH, HOME: '/nowhere', ...env },
    tty: { in: false, out: false, err: false },
    readStdin: async () => '',
    exit: (given) => {
      code = given
    },
  })
  return { out: said.out.join('\n'), err: said.err.join('\n'), code }
}

/** The plan a command prints, made from the cluster of this kubeconfig. */
export async function planByCommand(
  words: string,
  kubeconfig: string,
): Promise<{ readonly plan?: Plan; readonly err: string; readonly code: number }> {
  const argv = [...words.split(' '), '--kubeconfig', kubeconfig, '--context', 'admin', '-o', 'plan']
  const { out, err, code } = await typed(argv)
  return {
    err,
    code,
    ...(code === 0 && out.startsWith('apiVersion') && { plan: parsePlan('<stdout>', out) }),
  }
}
