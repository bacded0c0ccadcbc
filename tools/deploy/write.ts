import { stringify } from 'yaml'
import { extensionProviders, meshFiles, seats } from './mesh.ts'
import { type ManifestFile, manifestFiles, redisEnvironment } from './objects.ts'
import { CLOSE, defaults, helmValues, kustomizeValues, OPEN } from './values.ts'

const NOTE = '# Written by `node tools/deploy.ts`.\n'
const yaml = (value: unknown) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
const documents = (manifests: readonly unknown[]) => manifests.map(yaml).join('---\n')

/** A manifest of the chart: markers become templates. */
function templateOf({ when, manifests }: ManifestFile): string {
  const text = documents(manifests)
    .split('\n')
    .map((line) => {
      const found = /^(\s*(?:- )?)([\w./-]+:) (["']?)<<(.*)>>\3$/.exec(line)
      const [, indent = '', key = '', quote = '', raw = ''] = found ?? []
      const marker = quote === '"' ? raw.replaceAll('\\"', '"') : raw.replaceAll("''", quote ? "'" : "''")
      if (marker === '') return line
      const depth = indent.length + 2
      const [word, path] = marker.split(' ')
      if (word === 'BLOCK')
        return `${indent}${key}\n${' '.repeat(depth)}{{- toYaml ${path} | nindent ${depth} }}`
      if (word === 'TEXT')
        return `${indent}${key} |\n${' '.repeat(depth)}{{- toYaml ${path} | nindent ${depth} }}`
      if (marker === 'REDISENV') {
        const list = yaml(redisEnvironment)
          .trimEnd()
          .split('\n')
          .map((one) => `${indent}${one}`)
        return [
          `${indent}{{- if .Values.redis.enabled }}`,
          `${indent}env:`,
          ...list,
          `${indent}{{- end }}`,
        ].join('\n')
      }
      return `${indent}${key} ${marker}`
    })
    .join('\n')
  if (text.includes(OPEN) || text.includes(CLOSE)) throw new Error(`a marker stayed in ${text}`)
  return NOTE + (when ? `{{- if .Values.${when}.enabled }}\n${text}{{- end }}\n` : text)
}

const component = (resources: readonly string[], patches: readonly unknown[] = []) =>
  NOTE +
  yaml({
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    ...(resources.length > 0 && { resources }),
    ...(patches.length > 0 && { patches }),
  })
const overlay = (more: Readonly<Record<string, unknown>>) =>
  NOTE + yaml({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...more })

/** Every file below deploy/ that is written and not kept by hand, by its path there. */
export function deployFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  const all = manifestFiles(kustomizeValues)
  const base = all.filter(
    ({ when }) => when === undefined || when === 'networkPolicy' || when === 'podDisruptionBudget',
  )
  files.set(
    'kustomize/base/kustomization.yaml',
    overlay({
      namespace: 'kfdoor',
      resources: ['namespace.yaml', ...base.map(({ name }) => `${name}.yaml`)],
    }),
  )
  files.set(
    'kustomize/base/namespace.yaml',
    NOTE +
      yaml({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: {
          name: 'kfdoor',
          labels: { 'istio-injection': 'disabled', 'pod-security.kubernetes.io/enforce': 'restricted' },
        },
      }),
  )
  for (const { name, manifests } of base)
    files.set(`kustomize/base/${name}.yaml`, NOTE + documents(manifests))
  for (const { name, manifests } of all.filter((one) => !base.includes(one))) {
    files.set(`kustomize/components/${name}/${name}.yaml`, NOTE + documents(manifests))
    const patch = {
      target: { kind: 'Deployment', name: 'kfdoor-authz' },
      patch: yaml([{ op: 'add', path: '/spec/template/spec/containers/0/env', value: redisEnvironment }]),
    }
    files.set(
      `kustomize/components/${name}/kustomization.yaml`,
      component([`${name}.yaml`], name === 'redis' ? [patch] : []),
    )
  }
  for (const [name, provider] of [
    ['kubeflow-http', 'kfdoor-http'],
    ['kubeflow-grpc', 'kfdoor-grpc'],
  ] as const) {
    const [mesh] = meshFiles(kustomizeValues, provider)
    files.set(`kustomize/overlays/${name}/mesh.yaml`, NOTE + documents(mesh?.manifests ?? []))
    files.set(
      `kustomize/overlays/${name}/kustomization.yaml`,
      overlay({ resources: ['../../base', 'mesh.yaml'], components: ['../../components/redis'] }),
    )
  }
  files.set('mesh/extension-providers.yaml', NOTE + yaml(extensionProviders))
  files.set('seats/oauth2-proxy.yaml', NOTE + yaml(seats['oauth2-proxy']))
  files.set('seats/authservice-v1.6.yaml', NOTE + yaml(seats.authservice('authservice')))
  files.set('seats/authservice-v1.8.yaml', NOTE + yaml(seats.authservice('oidc-authservice')))
  files.set(
    'helm/kfdoor/Chart.yaml',
    NOTE +
      yaml({
        apiVersion: 'v2',
        name: 'kfdoor',
        description:
          'The service a mesh asks about each request: sign-in, sessions and tokens for Kubeflow and KServe',
        type: 'application',
        version: '0.1.0',
        appVersion: '0.1.0',
        kubeVersion: '>=1.30.0-0',
      }),
  )
  files.set('helm/kfdoor/values.yaml', NOTE + yaml(defaults))
  for (const file of [...manifestFiles(helmValues), ...meshFiles(helmValues)])
    files.set(`helm/kfdoor/templates/${file.name}.yaml`, templateOf(file))
  return files
}
