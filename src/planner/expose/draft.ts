/** The changes of an exposure while they are found: the route, and what still refuses whom it is meant for. */
import type { Mesh } from '../../mesh/index.ts'
import {
  attaches,
  compileDoor,
  type Explanation,
  explain,
  type Principal,
  type Step,
} from '../../policy/index.ts'
import { callerName, type ViewOptions } from '../../regions/index.ts'
import { createOf, type EditableObject, updateOf } from '../changes.ts'
import type { Change, KubeObject } from '../plan.ts'
import { meshAfter } from '../plan-of.ts'
import { findRaw, keyOf, nameOf, type RawDoor, textOf } from '../raw-door.ts'
import { refuse } from '../refuse.ts'
import { type ExposeAsk, granteeText, principalOf } from './ask.ts'
import { addGaps } from './exempt.ts'
import { joinShared } from './fence.ts'
import type { Planned } from './inside.ts'
import {
  doorPath,
  type Exposure,
  exemptsAnnotation,
  exposeAnnotation,
  filterExemption,
  gatewayAllow,
  gatewayDeny,
  hostForms,
  pathPattern,
  podAllow,
  subjectOf,
  tokensAtPod,
  virtualService,
} from './objects.ts'
import { risksOf } from './risks.ts'
import type { Endpoint } from './target.ts'
import { ownIssuer } from './trust.ts'

export interface ExposeWorld {
  readonly door: RawDoor
  readonly mesh: Mesh
  /** Seconds since the epoch. */
  readonly now: number
  readonly view: (mesh: Mesh) => ViewOptions
}

/** The changes while they are found. */
export class Draft {
  readonly risks: string[] = []
  /** Hosts of the Services that the calls end at. */
  readonly reached = new Set<string>()
  readonly #world: ExposeWorld
  readonly #exposure: Exposure
  readonly #shared: readonly Change[]
  readonly #wanted = new Map<
    string,
    { readonly object: KubeObject; readonly effect: Change['effect']; readonly why: string }
  >()
  /** Policies of others, with what is taken out of them. */
  readonly #exempted = new Map<
    string,
    { readonly namespace: string; readonly name: string; readonly gaps: ReadonlySet<string> }
  >()

  constructor(world: ExposeWorld, exposure: Exposure, fenced: boolean) {
    this.#world = world
    this.#exposure = exposure
    this.#shared = joinShared(world.door, exposure, fenced)
    const { target, ask } = exposure
    const who = ask.to.map(granteeText).join(', ')
    const lock = ask.public
      ? 'at the door, these paths take no other method'
      : `at the door, nobody but ${who} gets to these paths`
    if (target.kind !== 'notebook') {
      this.#want(
        virtualService(exposure),
        'opens',
        `the route to ${target.name}, its exact calls and no others`,
      )
    }
    const deny = gatewayDeny(exposure)
    // A notebook keeps the callers it has: the policy before its pod adds one.
    if (
      target.kind !== 'notebook' &&
      (deny.spec as { readonly rules: readonly unknown[] }).rules.length > 0
    ) {
      this.#want(deny, 'closes', lock)
    }
    this.risks.push(...risksOf(exposure, world.mesh))
  }

  #want(object: KubeObject, effect: Change['effect'], why: string): void {
    const name = nameOf(object)
    if (name !== undefined) this.#wanted.set(keyOf(name), { object, effect, why })
  }

  /** Adds what is missing until everybody who is meant gets through. */
  settle(): void {
    const { ask, target } = this.#exposure
    const reasons: string[] = []
    for (let round = 0; round < 6; round++) {
      const refused = this.#firstRefused()
      if (refused === undefined) {
        this.#warnOfOpenPods()
        return
      }
      const { principal, endpoint, result } = refused
      const words = `${callerName(principal)} gets ${result.verdict} (${result.reason}) for ${methodOf(endpoint)} ${doorPath(this.#exposure, endpoint)}`
      if (result.verdict === 'unknown') {
        this.risks.push(`it cannot be shown that this is enough: ${words}`)
        return
      }
      reasons.push(words)
      if (!this.#answer(result)) break
    }
    const last = reasons.at(-1) ?? ''
    refuse(`expose ${target.name}`, [last, ...this.#hints(ask, last)])
  }

  /** A pod without ALLOW policies takes every call that gets to it, whatever the door says. */
  #warnOfOpenPods(): void {
    const { namespace, name, selector: labels } = this.#exposure.target
    const { mesh } = this.#seen()
    const place = { namespace, labels, rootNamespace: mesh.meshConfig.rootNamespace }
    const guarded = mesh.authorizationPolicies.some(
      (each) => (each.action?.value ?? 'ALLOW') === 'ALLOW' && attaches(each, place),
    )
    if (guarded) return
    this.risks.push(
      `no ALLOW policy stands before the pods of ${name}: whoever calls them inside the cluster, past the door, gets there as before`,
    )
  }

  #hints(ask: ExposeAsk, reason: string): readonly string[] {
    const { trust, entry } = this.#exposure
    const audiences = [
      ...new Set(entry.rules.flatMap((rule) => (rule.audiences ?? []).map(({ value }) => value))),
    ]
    if (reason.includes('(audience-not-allowed)')) {
      return [`the gateway takes tokens for ${audiences.join(', ')}: say which with \`--audience\``]
    }
    if (ask.host !== undefined && /\((?:no-virtual-host|no-filter-chain)\)/.test(reason)) {
      return [
        `Gateway ${entry.gateway} is for ${entry.takes.join(', ')}: name such a host, or put ${ask.host} among the hosts of its server first`,
      ]
    }
    if (this.#exposure.target.kind === 'notebook' && reason.includes('(provider-denied)')) {
      return [
        'a notebook keeps its own route, and the auth service is asked about every call on it: who signs in gets there, and no token does',
      ]
    }
    if (trust.people === undefined && ask.to.some(({ kind }) => kind === 'group')) {
      return ['this door hands on who somebody is, and not their groups: name people with `--to user:EMAIL`']
    }
    const mixed = ask.to.some(({ kind }) => kind === 'sa') && ask.to.some(({ kind }) => kind !== 'sa')
    return mixed && trust.people === undefined
      ? ['at this door accounts and people cannot share a path: name accounts alone, or people alone']
      : []
  }

  #firstRefused() {
    const { mesh, view } = this.#seen()
    const door = compileDoor(mesh, view)
    const { ask, target, entry } = this.#exposure
    const asking: readonly Principal[] = ask.public
      ? [{ kind: 'anonymous', forged: false }]
      : ask.to.map((grantee) => principalOf(grantee, ask, ownIssuer(this.#exposure.trust)))
    for (const endpoint of target.endpoints) {
      for (const principal of asking) {
        const result = explain(door, {
          method: methodOf(endpoint),
          scheme: entry.scheme,
          host: entry.host,
          path: doorPath(this.#exposure, endpoint),
          headers: [],
          principal,
          now: this.#world.now,
          ...(view.signIn && { provider: view.signIn.answer }),
        })
        if ('problem' in result) {
          refuse(`expose ${target.name}`, [`the door listens on no ${entry.scheme} port (${result.entry})`])
        }
        // The application's own check is its own business; the mesh let it through.
        const reached = result.steps.some(({ phase }) => phase === 'application')
        this.#refuseStray(endpoint, result)
        if (result.verdict !== 'allow' && !reached) return { principal, endpoint, result }
        for (const host of endOf(result)) this.reached.add(host)
      }
    }
    return undefined
  }

  /** What goes by somebody else's route was let through, and not to what is exposed. */
  #refuseStray(endpoint: Endpoint, { steps }: Explanation): void {
    const { target } = this.#exposure
    if (target.kind === 'notebook') return
    const way = steps.find(({ phase, outcome }) => phase === 'route' && outcome === 'matched')?.object
    if (way === undefined) return
    const { metadata } = virtualService(this.#exposure) as { readonly metadata: typeof way }
    if (way.namespace === metadata.namespace && way.name === metadata.name) return
    refuse(`expose ${target.name}`, [
      `${methodOf(endpoint)} ${doorPath(this.#exposure, endpoint)} would go by ${way.kind} ${way.namespace}/${way.name}`,
    ])
  }

  /** The door once the changes found so far are made. */
  planned(): Planned {
    return { ...this.#seen(), now: this.#world.now }
  }

  #seen() {
    const mesh = meshAfter(this.#world.door, this.changes())
    return { mesh, view: this.#world.view(mesh) }
  }

  /** What the refusing step needs; false = nothing that may be given. */
  #answer(result: Explanation): boolean {
    const { ask, target, entry } = this.#exposure
    const step = [...result.steps].reverse().find(({ outcome }) => outcome === 'rejected')
    if (step === undefined) return false
    const podHop = result.hops.find(({ workload }) => workload !== undefined)?.hop
    if (step.hop === podHop && step.hop > 0) {
      if (step.phase === 'jwt') return !ask.public && this.#readAtPod()
      if (step.phase !== 'allow') return false
      if (!ask.public) this.#readAtPod()
      return this.#wantOnce(podAllow(this.#exposure), 'opens', 'before the pod: who, and which calls')
    }
    if (step.hop !== 0) return false
    const gaps =
      ask.host === undefined
        ? target.endpoints.map((endpoint) => pathPattern(doorPath(this.#exposure, endpoint)))
        : hostForms(this.#exposure)
    const where = ask.host === undefined ? 'these paths' : `host ${ask.host}`
    switch (step.phase) {
      case 'custom':
        return this.#exempt(step, gaps, `the sign-in is not asked about ${where}`)
      case 'deny':
        // Whoever names callers leaves the locks of others alone.
        return ask.public && this.#exempt(step, gaps, `no token is asked for on ${where}`)
      case 'allow':
        return this.#wantOnce(
          gatewayAllow(this.#exposure),
          'opens',
          `gateway ${entry.gateway} lets these paths in`,
        )
      default:
        return false
    }
  }

  /** false = the pod reads all these tokens already. */
  #readAtPod(): boolean {
    const { target, trust } = this.#exposure
    const fresh = trust.atPod.filter(({ issuer }) => !this.#readsAtPod(String(issuer)))
    if (fresh.length === 0) return false
    const why = 'the pod verifies the token again, whoever brought it'
    if (!this.#wantOnce(tokensAtPod(this.#exposure, fresh), 'neutral', why)) return false
    this.risks.push(
      `a call to ${target.name} from inside the mesh with a token of another issuer is answered 401`,
    )
    return true
  }

  #wantOnce(object: KubeObject, effect: Change['effect'], why: string): boolean {
    const name = nameOf(object)
    if (name === undefined || this.#wanted.has(keyOf(name))) return false
    this.#want(object, effect, why)
    return true
  }

  #readsAtPod(issuer: string): boolean {
    const { mesh } = this.#world
    const { target } = this.#exposure
    const { selector: labels, namespace } = target
    const rootNamespace = mesh.meshConfig.rootNamespace
    return mesh.requestAuthentications.some(
      (each) =>
        each.annotations[exposeAnnotation] !== subjectOf(target) &&
        attaches(each, { namespace, labels, rootNamespace }) &&
        each.jwtRules.some((rule) => rule.issuer.value === issuer),
    )
  }

  #exempt(step: Step, gaps: readonly string[], why: string): boolean {
    const { object } = step
    if (object === undefined) return false
    if (object.kind === 'EnvoyFilter') {
      const raw = findRaw(this.#world.door, object)
      const filter = raw === undefined ? undefined : filterName(raw.object)
      if (filter === undefined) return false
      return this.#wantOnce(
        filterExemption(this.#exposure, filter),
        'opens',
        `${object.name} is off on these routes alone`,
      )
    }
    const key = `${object.namespace}/${object.name}`
    if (object.kind !== 'AuthorizationPolicy' || this.#exempted.has(key)) return false
    this.#exempted.set(key, { namespace: object.namespace, name: object.name, gaps: new Set(gaps) })
    this.#whys.set(key, why)
    return true
  }

  readonly #whys = new Map<string, string>()

  changes(): readonly Change[] {
    const { door } = this.#world
    const edits = [...this.#exempted].flatMap(([key, { namespace, name, gaps }]) => {
      const raw = findRaw(door, { kind: 'AuthorizationPolicy', namespace, name })
      if (raw === undefined) return []
      return [updateOf(raw, (copy) => addGaps(copy, [...gaps]), 'opens', this.#whys.get(key) ?? '')]
    })
    const exempts = [...this.#exempted].map(([key, { gaps }]) => `${key} ${[...gaps].join(' ')}`)
    const all = [...this.#wanted.values()]
    // A route alone bears it too: without it nobody would know what to close again.
    const bearer = all.find(({ object }) => object.kind === 'AuthorizationPolicy') ?? all[0]
    const wanted = all.flatMap((each) => {
      const marked = exempts.length > 0 && each === bearer
      return this.#put(marked ? withExempts(each.object, exempts) : each.object, each.effect, each.why)
    })
    return [...wanted, ...this.#shared, ...edits]
  }

  /** What an earlier exposure of the same thing wrote is not in this door any more; what is, is another's. */
  #put(object: KubeObject, effect: Change['effect'], why: string): readonly Change[] {
    const name = nameOf(object)
    const taken = name && this.#world.door.objects.some((each) => keyOf(each.name) === keyOf(name))
    if (!taken) return [createOf(object, effect, why)]
    return refuse(`expose ${this.#exposure.target.name}`, [
      `${textOf(name)} is there already and was not made for ${subjectOf(this.#exposure.target)}`,
    ])
  }
}

/** Which locks of others have a gap for it, so that it can be closed again. */
function withExempts(object: KubeObject, exempts: readonly string[]): KubeObject {
  const metadata = object.metadata as EditableObject
  const annotations = { ...metadata.annotations, [exemptsAnnotation]: exempts.join('\n') }
  return { ...object, metadata: { ...metadata, annotations } }
}

/** Under which name an ext_authz filter's setting of a route is filed: its own. */
function filterName(object: KubeObject): string | undefined {
  const { configPatches = [] } = (object.spec ?? {}) as { readonly configPatches?: readonly EditableObject[] }
  for (const { patch } of configPatches) {
    const { name, typed_config: config = {} } = patch?.value ?? {}
    const type = String(config['@type'] ?? '')
    if (typeof name === 'string' && type.endsWith('.ExtAuthz')) return name
  }
  return undefined
}

/** Of the last Service it was sent to. */
function endOf({ hops }: Explanation): readonly string[] {
  const sent = hops.flatMap(({ decision }) =>
    decision.kind === 'forward' && !decision.upstream.startsWith('inbound|')
      ? [decision.destination.host]
      : [],
  )
  return sent.slice(-1)
}

function methodOf({ methods }: Endpoint): string {
  return methods?.[0] ?? 'GET'
}
