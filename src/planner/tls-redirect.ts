/** Port 80 that only redirects: taken out of what asks for a sign-in, where nobody gains by it. */
import { diffAccess } from '../regions/index.ts'
import { type EditableObject, updateOf } from './changes.ts'
import { type Entrance, type IntentWorld, podPort, podsOf, standsBefore } from './entrance.ts'
import type { Change } from './plan.ts'
import { meshAfter } from './plan-of.ts'
import { findRaw } from './raw-door.ts'

/**
 * Istio asks policies before it redirects, so a browser would be asked to sign in over plain HTTP first.
 * The port that only redirects is taken out of what asks for sign-in, where it is proved that nobody
 * gains by that: another Gateway may serve the same port in earnest.
 */
export function redirectsFirst(
  world: IntentWorld,
  entrance: Entrance,
  base: readonly Change[],
): { readonly changes: readonly Change[]; readonly risks: readonly string[] } {
  const { mesh, now, view } = world
  const plain = podPort(entrance.services, 80)
  const late = 'a browser that comes by http:// is asked to sign in before it is redirected'
  if (plain === undefined) return { changes: [], risks: [late] }
  const changes = [...policyChanges(world, entrance, plain), ...filterChanges(world, entrance, plain)]
  if (changes.length === 0) return { changes, risks: [] }
  const before = meshAfter(world.door, base)
  const after = meshAfter(world.door, [...base, ...changes])
  const { gained, changed, unknown } = diffAccess(before, after, { now, old: view(before), new: view(after) })
  const [first] = [...gained, ...changed]
  if (first === undefined && unknown.length === 0) return { changes, risks: [] }
  const others = mesh.gateways
    .filter((one) => podsOf(mesh, one) === entrance.pods && one.name !== entrance.gateway.name)
    .map(({ namespace, name }) => `${namespace}/${name}`)
  const why =
    first === undefined
      ? 'it cannot be proved that nobody would gain'
      : `${first.principal} would get ${first.witness.method} ${first.witness.url} through`
  return {
    changes: [],
    risks: [
      `${late}: taking port 80 out of the policies was left alone, because ${why}${others.length > 0 ? ` (${others.join(', ')} serve the same pods)` : ''}`,
    ],
  }
}

function policyChanges({ door, mesh }: IntentWorld, { pods }: Entrance, port: number): readonly Change[] {
  return mesh.authorizationPolicies.flatMap((policy) => {
    const action = policy.action?.value
    if ((action !== 'CUSTOM' && action !== 'DENY') || !standsBefore(mesh, pods, policy)) return []
    const raw = findRaw(door, { kind: 'AuthorizationPolicy', namespace: policy.namespace, name: policy.name })
    if (raw === undefined) return []
    const asks = (rule: EditableObject) =>
      action === 'CUSTOM' ||
      (rule.from ?? []).some(({ source }: EditableObject) => source?.notRequestPrincipals?.includes('*'))
    const rules = ((raw.object.spec as EditableObject | undefined)?.rules ?? []) as EditableObject[]
    if (!rules.some((rule) => asks(rule) && !isExempt(rule, port))) return []
    return [
      updateOf(
        raw,
        (copy) => {
          for (const rule of copy.spec.rules as EditableObject[]) {
            if (!asks(rule) || isExempt(rule, port)) continue
            if (rule.to === undefined || rule.to.length === 0) rule.to = [{ operation: {} }]
            for (const { operation } of rule.to)
              operation.notPorts = [...(operation.notPorts ?? []), String(port)]
          }
        },
        'neutral',
        `port ${port} (80) only redirects, so nobody is asked to sign in there`,
      ),
    ]
  })
}

const isExempt = (rule: EditableObject, port: number): boolean =>
  (rule.to ?? []).length > 0 &&
  rule.to.every(({ operation }: EditableObject) => operation?.notPorts?.includes(String(port)))

/** An EnvoyFilter that asks at every port of the pods is put at the ports that serve. */
function filterChanges(
  { door, mesh }: IntentWorld,
  { pods, services }: Entrance,
  port: number,
): readonly Change[] {
  const ports = [
    ...new Set([
      ...mesh.gateways
        .filter((gateway) => podsOf(mesh, gateway) === pods)
        .flatMap(({ servers }) =>
          servers.map((server) => podPort(services, server.port.number) ?? server.port.number),
        ),
      podPort(services, 443) ?? 8443,
    ]),
  ].filter((one) => one !== port)
  return mesh.envoyFilters.flatMap((filter) => {
    const selects = filter.workloadSelector
    if (
      selects === undefined ||
      Object.entries(selects).some(([key, value]) => pods.podLabels[key] !== value)
    )
      return []
    const raw = findRaw(door, { kind: 'EnvoyFilter', namespace: filter.namespace, name: filter.name })
    const patches = ((raw?.object.spec as EditableObject | undefined)?.configPatches ??
      []) as EditableObject[]
    if (raw === undefined || !patches.some(asksEverywhere)) return []
    return [
      updateOf(
        raw,
        (copy) => {
          copy.spec.configPatches = (copy.spec.configPatches as EditableObject[]).flatMap((patch) =>
            asksEverywhere(patch)
              ? ports.map((portNumber) => {
                  const one = JSON.parse(JSON.stringify(patch)) as EditableObject
                  one.match = { ...one.match, listener: { ...one.match?.listener, portNumber } }
                  return one
                })
              : [patch],
          )
        },
        'neutral',
        `port ${port} (80) only redirects, so the auth service is asked at ${ports.join(', ')} only`,
      ),
    ]
  })
}

const asksEverywhere = ({ applyTo, match, patch }: EditableObject): boolean =>
  applyTo === 'HTTP_FILTER' &&
  match?.context === 'GATEWAY' &&
  match?.listener?.portNumber === undefined &&
  /ext_authz/.test(String(patch?.value?.name ?? ''))
