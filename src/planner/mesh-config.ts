/** An extension provider in the mesh's configuration, which is YAML inside a ConfigMap. */
import { isMap, isSeq, parseDocument } from 'yaml'
import { updateOf } from './changes.ts'
import type { IntentWorld } from './entrance.ts'
import type { Change, KubeObject } from './plan.ts'
import type { RawObject } from './raw-door.ts'
import { refuse } from './refuse.ts'
import { isSame } from './same.ts'

/**
 * The ConfigMap with one more provider; its comments and order stay. Of several istiods' (`istio`, `istio-1-28`)
 * each: whichever the door listens to has to know it.
 *
 * @throws Fault ERR_INTENT_REFUSED where the configuration is not in the door, or another provider has the name
 */
export function withProvider(
  { door, mesh }: Pick<IntentWorld, 'door' | 'mesh'>,
  intent: string,
  provider: KubeObject,
): readonly Change[] {
  const root = mesh.meshConfig.rootNamespace
  const found = door.objects.filter(
    ({ name, object }) =>
      name.kind === 'ConfigMap' &&
      name.namespace === root &&
      /^istio(-|$)/.test(name.name) &&
      typeof (object.data as { mesh?: unknown } | undefined)?.mesh === 'string',
  )
  if (found.length === 0)
    refuse(intent, [`the mesh’s configuration (ConfigMap \`${root}/istio\`) is not in this door`])
  return found.flatMap((raw) => added(raw, intent, provider))
}

function added(raw: RawObject, intent: string, provider: KubeObject): readonly Change[] {
  const text = (raw.object.data as { readonly mesh: string }).mesh
  const config = parseDocument(text)
  if (config.errors.length > 0 || (config.contents !== null && !isMap(config.contents)))
    refuse(intent, [`the YAML in ConfigMap \`${raw.name.namespace}/${raw.name.name}\` cannot be read`])
  const list = config.get('extensionProviders')
  const known = isSeq(list) ? (list.toJSON() as readonly { readonly name?: string }[]) : []
  const same = known.find(({ name }) => name === provider.name)
  if (same !== undefined) {
    if (isSame(same, provider)) return []
    refuse(
      intent,
      [`the mesh has another extension provider called \`${String(provider.name)}\``],
      'choose a name with `--provider`',
    )
  }
  if (isSeq(list)) list.add(config.createNode(provider))
  else config.set('extensionProviders', config.createNode([provider]))
  return [
    updateOf(
      raw,
      (copy) => {
        copy.data.mesh = config.toString({ lineWidth: 0 })
      },
      // First of all: a policy whose provider is not known denies everything.
      'closes',
      `the mesh knows the auth service as provider \`${String(provider.name)}\``,
    ),
  ]
}

/** Who writes these ConfigMaps anew at the next installation. */
export function installedBy(changes: readonly Change[]): readonly string[] {
  return changes.flatMap((change) => {
    if (change.op !== 'update') return []
    const { labels } = (change.before.metadata ?? {}) as {
      readonly labels?: Readonly<Record<string, string>>
    }
    const owner = labels?.['install.operator.istio.io/owning-resource']
    // `istioctl manifest generate` writes `unknown`: such objects are applied by whoever has the YAML.
    if (owner === undefined || owner === 'unknown') return []
    return [
      `ConfigMap \`${change.object.namespace}/${change.object.name}\` is written by IstioOperator \`${owner}\`: add the provider to its \`spec.meshConfig.extensionProviders\` too. Without it the next installation takes it away, and a policy whose provider is unknown lets nobody in`,
    ]
  })
}
