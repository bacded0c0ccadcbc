/** An extension provider in the mesh's configuration, which is YAML inside a ConfigMap. */
import { isMap, isSeq, parseDocument } from 'yaml'
import { Fault } from '../base/index.ts'
import { updateOf } from './changes.ts'
import type { IntentWorld } from './entrance.ts'
import type { Change, KubeObject } from './plan.ts'

/**
 * The ConfigMap with one more provider; its comments and order stay.
 *
 * @throws Fault ERR_INTENT_REFUSED where the configuration is not in the door, or another provider has the name
 */
export function withProvider(
  { door, mesh }: Pick<IntentWorld, 'door' | 'mesh'>,
  intent: string,
  provider: KubeObject,
): Change | undefined {
  const root = mesh.meshConfig.rootNamespace
  const raw = door.objects.find(
    ({ name, object }) =>
      name.kind === 'ConfigMap' &&
      name.namespace === root &&
      /^istio(-|$)/.test(name.name) &&
      typeof (object.data as { mesh?: unknown } | undefined)?.mesh === 'string',
  )
  const refuse = (reason: string, next?: string): never => {
    throw new Fault('ERR_INTENT_REFUSED', { intent, reasons: [reason], ...(next !== undefined && { next }) })
  }
  if (raw === undefined)
    return refuse(`the mesh’s configuration (ConfigMap \`${root}/istio\`) is not in this door`)
  const text = (raw.object.data as { readonly mesh: string }).mesh
  const config = parseDocument(text)
  if (config.errors.length > 0 || !isMap(config.contents))
    return refuse(`the YAML in ConfigMap \`${root}/${raw.name.name}\` cannot be read`)
  const list = config.get('extensionProviders')
  const known = isSeq(list) ? (list.toJSON() as readonly { readonly name?: string }[]) : []
  const same = known.find(({ name }) => name === provider.name)
  if (same !== undefined) {
    if (JSON.stringify(same) === JSON.stringify(provider)) return undefined
    return refuse(
      `the mesh has another extension provider called \`${String(provider.name)}\``,
      'choose a name with `--provider`',
    )
  }
  if (isSeq(list)) list.add(config.createNode(provider))
  else config.set('extensionProviders', config.createNode([provider]))
  return updateOf(
    raw,
    (copy) => {
      copy.data.mesh = config.toString({ lineWidth: 0 })
    },
    // First of all: a policy whose provider is not known denies everything.
    'closes',
    `the mesh knows the auth service as provider \`${String(provider.name)}\``,
  )
}
