/**
 * Exposing one thing to whom it is meant for: the route, who is let in on it, and nothing else. What is
 * needed beyond the route is found by asking the engine what still refuses; what came of it is compared
 * over all requests, and whatever opens more than was asked for is refused.
 */
import { isFault } from '../../base/index.ts'
import { type Mesh, parseMesh } from '../../mesh/index.ts'
import { gatewayName, type Principal } from '../../policy/index.ts'
import { applyChanges } from '../apply-changes.ts'
import { mergeChanges } from '../changes.ts'
import type { Intended } from '../plan.ts'
import { fileNameOf } from '../plan-of.ts'
import { readRawDoor } from '../raw-door.ts'
import { refuse } from '../refuse.ts'
import { type ExposeAsk, granteeText, principalOf } from './ask.ts'
import { callersSide } from './callers-side.ts'
import { Draft, type ExposeWorld } from './draft.ts'
import { findEntry } from './entry.ts'
import { needsShared } from './fence.ts'
import { refuseMore } from './more.ts'
import { doorPath, type Exposure, exposeAnnotation, subjectOf } from './objects.ts'
import { findTarget, type Target } from './target.ts'
import { findTrust, ownIssuer } from './trust.ts'
import { exposedTo, takeBack } from './unexpose.ts'

/** @throws Fault ERR_SUBJECT_UNKNOWN, ERR_INTENT_REFUSED, ERR_USAGE */
export function expose(world: ExposeWorld, ask: ExposeAsk): Intended {
  // Without a gateway nothing else needs to be looked for.
  findEntry(world.mesh, ask)
  const target = findTarget(world.mesh, ask)
  refuseAmbient(world.mesh, target)
  // Asked for anew, it begins from a door without what was exposed before.
  const former = takeBack(world.door, subjectOf(target))
  const inputs = applyChanges(world.door.inputs, former, fileNameOf('former'))
  const { mesh } = former.length === 0 ? world : parseMesh(inputs)
  const bare = { ...world, mesh, door: former.length === 0 ? world.door : readRawDoor(inputs) }
  const entry = findEntry(mesh, ask)
  const trust = findTrust(mesh, ask, entry)
  const base = ask.host === undefined && target.kind !== 'notebook' ? (ask.path ?? usualPath(target)) : ''
  const exposure: Exposure = { ask, target, entry, trust, base }
  refuseTaken(mesh, exposure)
  const principals = askedPrincipals(exposure)
  const named = ask.to.map(granteeText)
  const dropped = ask.public
    ? []
    : exposedTo(world.door, subjectOf(target)).filter((each) => !named.includes(each))
  const attempt = (fenced: boolean): Intended => {
    const draft = new Draft(bare, exposure, fenced)
    draft.settle()
    if (dropped.length > 0) {
      draft.risks.push(
        `this takes the place of an earlier exposure: ${dropped.join(', ')} had it by that one alone; \`--to\` names everybody who is to have it`,
      )
    }
    const changes = mergeChanges(former, draft.changes())
    const common = {
      changes,
      risks: draft.risks,
      callers: callersSide(exposure, draft.planned()),
      principals,
    }
    if (changes.length === 0) return common
    const access = refuseMore(world, exposure, { changes, principals, reached: draft.reached })
    const undecided = access.unknown.length
    if (undecided === 0) return { ...common, access }
    const risk = `for ${undecided} kinds of requests it cannot be decided whether they fare as before; \`-o json\` has them`
    return { ...common, access, risks: [...draft.risks, risk] }
  }
  if (!needsShared(bare.door, exposure)) return attempt(false)
  try {
    return attempt(false)
  } catch (error) {
    // A gateway that takes any good token for a sign-in needs the fence; one that asks its auth service does not.
    if (isFault(error) && error.code === 'ERR_INTENT_REFUSED') return attempt(true)
    throw error
  }
}

/** Of a kind that does not meet the routes of the door and of KServe's own template. */
function usualPath({ kind, namespace, name }: Target): string {
  return `/${kind === 'model' ? 'models' : 'services'}/${namespace}/${name}`
}

function askedPrincipals({ ask, trust }: Exposure): readonly Principal[] {
  if (ask.public) return []
  return ask.to.flatMap((grantee) => {
    const principal = principalOf(grantee, ask, ownIssuer(trust))
    return [principal, { ...principal, forged: true }]
  })
}

function refuseAmbient(mesh: Mesh, { namespace, name }: Target): void {
  const labels = mesh.namespaces.find((each) => each.name === namespace)?.labels ?? {}
  if (labels['istio.io/dataplane-mode'] !== 'ambient') return
  refuse(`expose ${name}`, [
    `namespace ${namespace} is ambient: no sidecar stands before its pods, and what a waypoint decides is not modelled`,
  ])
}

/** Somebody else's route of the very same path would win or lose by age. */
function refuseTaken(mesh: Mesh, exposure: Exposure): void {
  const { ask, target, entry } = exposure
  const paths = new Set(target.endpoints.map((endpoint) => doorPath(exposure, endpoint)))
  for (const service of mesh.virtualServices) {
    if (service.annotations[exposeAnnotation] === subjectOf(target)) continue
    const gateways = (service.gateways ?? []).map(({ value }) => gatewayName(value, service.namespace))
    if (!gateways.includes(entry.gateway)) continue
    const hosts = service.hosts.map(({ value }) => value)
    if (ask.host !== undefined && hosts.includes(ask.host)) {
      refuse(
        `expose ${target.name}`,
        [`host ${ask.host} is routed by VirtualService ${service.namespace}/${service.name} already`],
        'choose another with `--host`',
      )
    }
    if (target.kind === 'notebook' || ask.host !== undefined) continue
    if (!entry.hosts.some((each) => hosts.includes(each))) continue
    const taken = service.http
      .flatMap(({ match = [] }) => match)
      .find(
        ({ uri }) =>
          uri !== undefined && uri.kind !== 'regex' && [...paths].some((path) => covers(uri, path)),
      )
    if (taken?.uri === undefined) continue
    refuse(
      `expose ${target.name}`,
      [`path ${taken.uri.text} is routed by VirtualService ${service.namespace}/${service.name} already`],
      'choose another with `--path`',
    )
  }
}

/** The dashboard takes everything that nobody else takes, which does not count. */
function covers({ kind, text }: { readonly kind: string; readonly text: string }, path: string): boolean {
  // All below a path that ends in a slash would be fenced off with it.
  if (path.endsWith('/') && text.startsWith(path)) return true
  return kind === 'exact' ? text === path : kind === 'prefix' && text.length > 1 && path.startsWith(text)
}
