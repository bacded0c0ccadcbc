import type { Fields } from './fields.ts'
import type { Meta, Workload } from './model.ts'
import { parseYaml } from './parse-yaml.ts'
import { plain, put } from './tree.ts'

/** Kinds that make pods from `spec.template`; a Pod is its own template. */
export const workloadKinds: ReadonlySet<string> = new Set([
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
])

type Container = Workload['containers'][number]

/** Reads a Pod, or the pods a controller makes: the labels policies select, the account, the containers. */
export function readWorkload(meta: Meta, object: Fields): Workload {
  const template = meta.kind === 'Pod' ? object : object.fields('spec')?.fields('template')
  const metadata = template?.fields('metadata')
  const spec = template?.fields('spec')
  const annotations = metadata?.record('annotations') ?? {}
  const proxyConfig = readProxyConfig(annotations['proxy.istio.io/config'])
  return {
    ...meta,
    podLabels: metadata?.record('labels') ?? {},
    podAnnotations: annotations,
    ...(spec?.bool('hostNetwork') === true && { hostNetwork: true }),
    ...(proxyConfig && { proxyConfig }),
    serviceAccount: spec?.string('serviceAccountName') || spec?.string('serviceAccount') || 'default',
    containers: (spec?.list('containers') ?? []).map(readContainer),
  }
}

/** A ProxyConfig as YAML in an annotation; one that cannot be read is ignored, as istiod does. */
function readProxyConfig(text: string | undefined): Workload['proxyConfig'] {
  if (text === undefined) return undefined
  const [tree] = parseYaml({ file: 'proxy.istio.io/config', text }, [])
  const config = plain(tree) as { readonly gatewayTopology?: { readonly numTrustedProxies?: unknown } } | null
  const hops = config?.gatewayTopology?.numTrustedProxies
  return typeof hops === 'number' && Number.isInteger(hops) ? { numTrustedProxies: hops } : undefined
}

function readContainer(container: Fields): Container {
  const env: Record<string, string> = {}
  const envRefs: Record<string, { kind: 'configMap' | 'secret'; name: string; key: string }> = {}
  for (const variable of container.list('env') ?? []) {
    const name = variable.string('name') ?? ''
    const from = variable.fields('valueFrom')
    if (!from) {
      put(env, name, variable.string('value') ?? '')
      continue
    }
    for (const kind of ['configMap', 'secret'] as const) {
      const ref = from.fields(`${kind}KeyRef`)
      if (ref) put(envRefs, name, { kind, name: ref.string('name') ?? '', key: ref.string('key') ?? '' })
    }
  }
  return {
    name: container.string('name') ?? '',
    image: container.string('image') ?? '',
    command: container.strings('command') ?? [],
    args: container.strings('args') ?? [],
    env,
    envRefs,
    envFrom: (container.list('envFrom') ?? []).flatMap((source) =>
      (['configMap', 'secret'] as const).flatMap((kind) => {
        const name = source.fields(`${kind}Ref`)?.string('name')
        return name === undefined ? [] : [{ kind, name }]
      }),
    ),
    ports: (container.list('ports') ?? []).map((port) => ({
      name: port.string('name'),
      port: port.int('containerPort') ?? 0,
      hostPort: port.int('hostPort'),
      protocol: port.string('protocol') ?? 'TCP',
    })),
  }
}
