/**
 * Pipelines for a notebook or for CI: a token that is meant for it (PodDefault `access-ml-pipeline`), the
 * rights in one namespace (RoleBinding), and, only where the mesh refuses it, a policy before the API
 * server. Shown by the list call the kfp SDK begins with.
 */
import { Fault } from '../../base/index.ts'
import type { Mesh } from '../../mesh/index.ts'
import { compileDoor, explain } from '../../policy/index.ts'
import { applyChanges } from '../apply-changes.ts'
import { createOf, mergeChanges } from '../changes.ts'
import type { Change, Intended, KubeObject } from '../plan.ts'
import { fileNameOf, meshAfter } from '../plan-of.ts'
import { type RawDoor, readRawDoor } from '../raw-door.ts'
import { nearNames, refuse } from '../refuse.ts'
import type { ExposeWorld } from './draft.ts'
import { exposeAnnotation } from './objects.ts'
import { yamlWord } from './paste.ts'
import { takeBack } from './unexpose.ts'

/** `notebooks:NS` are the pods of a namespace that ask for it; `sa:NS/NAME` one account. */
export type PipelinesGrantee =
  | { readonly kind: 'notebooks'; readonly namespace: string }
  | { readonly kind: 'sa'; readonly namespace: string; readonly name: string }

export interface PipelinesAsk {
  readonly to: readonly PipelinesGrantee[]
  /** Whose experiments and runs; default: the first grantee's own. */
  readonly namespace?: string
  readonly until?: string
}

const pipelinesAudience = 'pipelines.kubeflow.org'

/** The role upstream has for exactly this. */
const role = 'kubeflow-pipelines-edit'

interface Account {
  readonly namespace: string
  readonly name: string
}

function accountOf(grantee: PipelinesGrantee): Account {
  const { namespace } = grantee
  return { namespace, name: grantee.kind === 'sa' ? grantee.name : 'default-editor' }
}

function pipelinesSubject(namespace: string): string {
  return `pipelines/${namespace}/pipelines`
}

/** @throws Fault ERR_SUBJECT_UNKNOWN, ERR_INTENT_REFUSED */
export function exposePipelines(world: ExposeWorld, ask: PipelinesAsk): Intended {
  const { mesh } = world
  const namespace = ask.namespace ?? ask.to[0]?.namespace ?? ''
  const server = mesh.services.find(({ name }) => name === 'ml-pipeline')
  if (server === undefined) refuse('expose pipelines', ['there is no Service ml-pipeline in this door'])
  const known = new Set([...mesh.namespaces, ...mesh.profiles].map(({ name }) => name))
  for (const wanted of new Set([namespace, ...ask.to.map((each) => each.namespace)])) {
    if (known.size === 0 || known.has(wanted)) continue
    throw new Fault('ERR_SUBJECT_UNKNOWN', {
      what: 'namespace',
      asked: wanted,
      near: nearNames(wanted, known),
    })
  }
  const former = takeBack(world.door, pipelinesSubject(namespace))
  const inputs = applyChanges(world.door.inputs, former, fileNameOf('former'))
  const door = former.length === 0 ? world.door : readRawDoor(inputs)
  const draft: Change[] = [...defaults(door, ask, namespace)]
  const seen = () => meshAfter(door, draft)
  const accounts = ask.to.map(accountOf)
  const bare = accounts.filter(
    (account) => listCall(world, seen(), server, account, namespace).reason === 'access-denied',
  )
  if (bare.length > 0) {
    draft.push(
      createOf(
        binding(ask, namespace, bare),
        'opens',
        `rights on Pipelines in ${namespace}, and on nothing else`,
      ),
    )
  }
  const refused = accounts.filter((account) => !listCall(world, seen(), server, account, namespace).passes)
  if (refused.length > 0) {
    draft.push(
      createOf(
        policy(world, ask, namespace, server, refused),
        'opens',
        'the mesh lets their pods to the API server, without a user header',
      ),
    )
  }
  const still = accounts.map((account) => ({
    account,
    ...listCall(world, seen(), server, account, namespace),
  }))
  const failed = still.filter(({ verdict }) => verdict === 'deny')
  if (failed.length > 0) {
    refuse(
      'expose pipelines',
      failed.map(
        ({ account, reason }) => `sa:${account.namespace}/${account.name} would still be refused: ${reason}`,
      ),
    )
  }
  return {
    changes: mergeChanges(former, draft),
    risks: still.flatMap(({ account, verdict, reason }) =>
      verdict === 'allow'
        ? []
        : [
            `whether the list call of sa:${account.namespace}/${account.name} succeeds cannot be decided here: ${reason}`,
          ],
    ),
    callers: [
      shown(world, seen(), server, accounts, namespace),
      ...ask.to.map((grantee) => callerOf(grantee, server)),
    ],
    principals: accounts.map((account) => ({
      kind: 'service-account' as const,
      ...account,
      audience: pipelinesAudience,
      forged: false,
    })),
  }
}

function metadata(ask: PipelinesAsk, subject: string, namespace: string, name: string) {
  return {
    name,
    namespace,
    labels: { 'app.kubernetes.io/managed-by': 'kfdoor' },
    annotations: {
      [exposeAnnotation]: pipelinesSubject(subject),
      ...(ask.until !== undefined && { 'kfdoor.dev/until': ask.until }),
    },
  }
}

/** One per namespace whose pods ask for it by their label, as upstream's own. */
function defaults(door: RawDoor, ask: PipelinesAsk, subject: string): readonly Change[] {
  const places = new Set(ask.to.flatMap((each) => (each.kind === 'notebooks' ? [each.namespace] : [])))
  return [...places].flatMap((namespace) => {
    const name = 'access-ml-pipeline'
    const there = door.objects.some(
      (raw) => raw.name.kind === 'PodDefault' && raw.name.name === name && raw.name.namespace === namespace,
    )
    if (there) return []
    const object: KubeObject = {
      apiVersion: 'kubeflow.org/v1alpha1',
      kind: 'PodDefault',
      metadata: metadata(ask, subject, namespace, name),
      spec: {
        desc: 'Allow access to Kubeflow Pipelines',
        selector: { matchLabels: { [name]: 'true' } },
        env: [{ name: 'KF_PIPELINES_SA_TOKEN_PATH', value: '/var/run/secrets/kubeflow/pipelines/token' }],
        volumes: [tokenVolume],
        volumeMounts: [
          { mountPath: '/var/run/secrets/kubeflow/pipelines', name: tokenVolume.name, readOnly: true },
        ],
      },
    }
    return [createOf(object, 'neutral', `pods of ${namespace} that ask for it get a token for Pipelines`)]
  })
}

const tokenVolume = {
  name: 'volume-kf-pipeline-token',
  projected: {
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 7200, audience: pipelinesAudience } },
    ],
  },
}

function binding(ask: PipelinesAsk, namespace: string, accounts: readonly Account[]): KubeObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: metadata(ask, namespace, namespace, 'kfdoor-expose-pipelines'),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: accounts.map((account) => ({ kind: 'ServiceAccount', ...account })),
  }
}

type Server = Mesh['services'][number]

function policy(
  { mesh }: ExposeWorld,
  ask: PipelinesAsk,
  subject: string,
  server: Server,
  accounts: readonly Account[],
): KubeObject {
  return {
    apiVersion: 'security.istio.io/v1beta1',
    kind: 'AuthorizationPolicy',
    metadata: metadata(ask, subject, server.namespace, `kfdoor-expose-pipelines-${subject}`),
    spec: {
      selector: { matchLabels: server.selector ?? {} },
      action: 'ALLOW',
      rules: [
        {
          from: [
            {
              source: {
                principals: accounts.map(
                  ({ namespace, name }) => `${mesh.meshConfig.trustDomain}/ns/${namespace}/sa/${name}`,
                ),
              },
            },
          ],
          to: [{ operation: { paths: ['/apis/*'] } }],
          // Whoever brings a user header is believed by the API server.
          when: [{ key: 'request.headers[kubeflow-userid]', notValues: ['*'] }],
        },
      ],
    },
  }
}

/** `GET /apis/v1beta1/runs` of that namespace, from the account's pod with its token. */
function listCall(world: ExposeWorld, mesh: Mesh, server: Server, account: Account, namespace: string) {
  const view = world.view(mesh)
  const port = server.ports.find(({ name }) => name === 'http')?.port ?? 8888
  const query = `resource_reference_key.type=NAMESPACE&resource_reference_key.id=${encodeURIComponent(namespace)}`
  const result = explain(compileDoor(mesh, view), {
    method: 'GET',
    scheme: 'http',
    host: `${server.name}.${server.namespace}.svc.cluster.local:${port}`,
    path: `/apis/v1beta1/runs?${query}`,
    headers: [],
    principal: { kind: 'service-account', ...account, audience: pipelinesAudience, forged: false },
    now: world.now,
  })
  if ('problem' in result) return { verdict: 'unknown', reason: result.problem, passes: true }
  const application = result.steps.some(({ phase }) => phase === 'application')
  return { verdict: result.verdict, reason: result.reason, passes: application || result.verdict !== 'deny' }
}

function shown(
  world: ExposeWorld,
  after: Mesh,
  server: Server,
  accounts: readonly Account[],
  namespace: string,
) {
  const lines = accounts.map((account) => {
    const [was, is] = [world.mesh, after].map((mesh) => listCall(world, mesh, server, account, namespace))
    return `sa:${account.namespace}/${account.name} lists runs of ${namespace}: ${was?.verdict} (${was?.reason}) → ${is?.verdict} (${is?.reason})`
  })
  return { title: 'shown by a list call', text: lines.join('\n') }
}

function callerOf(grantee: PipelinesGrantee, server: Server): Intended['callers'][number] {
  const client = [
    'import kfp',
    `kfp.Client(host='http://${server.name}.${server.namespace}:8888').list_runs()  # finds the token by itself`,
  ]
  if (grantee.kind === 'notebooks') {
    return {
      title: `for the caller: notebooks of ${grantee.namespace}`,
      text: [
        'choose "Allow access to Kubeflow Pipelines" when the notebook is made, or label its pod access-ml-pipeline: "true"',
        ...client,
      ].join('\n'),
    }
  }
  return {
    title: `for the caller: sa:${grantee.namespace}/${grantee.name}`,
    text: [
      'spec:',
      '  template:',
      '    spec:',
      `      serviceAccountName: ${yamlWord(grantee.name)}`,
      '      containers:',
      '      - name: app',
      '        env:',
      '        - {name: KF_PIPELINES_SA_TOKEN_PATH, value: /var/run/secrets/kubeflow/pipelines/token}',
      '        volumeMounts:',
      '        - {name: volume-kf-pipeline-token, mountPath: /var/run/secrets/kubeflow/pipelines, readOnly: true}',
      '      volumes:',
      '      - name: volume-kf-pipeline-token',
      '        projected:',
      '          sources:',
      `          - serviceAccountToken: {path: token, audience: ${pipelinesAudience}, expirationSeconds: 7200}`,
      ...client,
    ].join('\n'),
  }
}
