/** Away from the EnvoyFilter that asks for a sign-in at every listener of the door's pods. */
import { isFault } from '../base/index.ts'
import { type AccessDiff, diffAccess } from '../regions/index.ts'
import { readHosts, readPaths, readProvider } from './authn-ask.ts'
import {
  type AuthnFilter,
  asksElsewhere,
  findAuthnFilters,
  onlyOne,
  providerFor,
  withoutAsking,
} from './authn-filter.ts'
import { createOf, type EditableObject, updateOf } from './changes.ts'
import { type Entrance, findEntrance, type IntentWorld } from './entrance.ts'
import { installedBy, withProvider } from './mesh-config.ts'
import type { Change, Intended, KubeObject } from './plan.ts'
import { meshAfter } from './plan-of.ts'
import { findRaw } from './raw-door.ts'
import { refuse } from './refuse.ts'
import { splitGateway } from './split-gateway.ts'

/** In the order they are offered: each opens more than the one before. */
const authnWays = ['split-gateway', 'hosts', 'paths'] as const
export type AuthnWay = (typeof authnWays)[number]

export interface AuthnFilterAsk {
  readonly gateway?: string
  readonly local?: string
  /** `hosts`: where people sign in. */
  readonly hosts?: readonly string[]
  /** `paths`: what is not asked about. */
  readonly paths?: readonly string[]
  readonly provider?: string
}

const INTENT = 'migrate authn-filter'
const POLICY = 'dex-auth'

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function migrateAuthnFilter(world: IntentWorld, way: AuthnWay, ask: AuthnFilterAsk): Intended {
  const entrance = findEntrance(world, INTENT, ask.gateway)
  const filters = findAuthnFilters(world, INTENT, entrance)
  if (way === 'split-gateway') return split(world, ask, entrance, filters)
  const named = way === 'hosts' ? readHosts(ask.hosts) : readPaths(ask.paths)
  const provider = readProvider(ask.provider)
  const filter = onlyOne(INTENT, filters)
  const known = withProvider(world, INTENT, providerFor(INTENT, filter, provider))
  const { namespace } = entrance.pods
  if (findRaw(world.door, { kind: 'AuthorizationPolicy', namespace, name: POLICY }) !== undefined)
    refuse(
      INTENT,
      [`there is an AuthorizationPolicy \`${namespace}/${POLICY}\` already`],
      'is it of an earlier try? `kfdoor explain` says whether it asks; delete or rename it first',
    )
  const policy: KubeObject = {
    apiVersion: 'security.istio.io/v1beta1',
    kind: 'AuthorizationPolicy',
    metadata: { name: POLICY, namespace },
    spec: {
      selector: { matchLabels: selectorOf(filter, entrance) },
      action: 'CUSTOM',
      provider: { name: provider },
      rules: [{ to: [{ operation: way === 'hosts' ? { hosts: withPorts(named) } : { notPaths: named } }] }],
    },
  }
  const elsewhere = asksElsewhere(world, filter, entrance.pods)
  return {
    changes: [
      ...known,
      createOf(
        policy,
        'neutral',
        way === 'hosts'
          ? 'these hosts are asked for a sign-in'
          : 'everything but these paths is asked for a sign-in',
      ),
      ...(way === 'hosts' ? hostsOnly(entrance, named) : []),
      withoutAsking(filter),
    ],
    risks: [
      'istiod does not have to restart: it watches the ConfigMap of the mesh’s configuration',
      ...installedBy(known),
      ...(elsewhere.length > 0
        ? [`it asked at ${elsewhere.join(', ')} too, where nobody is asked from now on`]
        : []),
      ...(way === 'paths'
        ? [
            'a path is anybody’s to send: whatever serves these paths at the door is open to whoever has the URL, from outside too, under whichever name the caller writes into the identity header',
            'the paths are a list by hand: each new model on another path has to be added',
          ]
        : [hostsRisk(entrance, named)]),
    ],
    callers: [],
  }
}

function split(
  world: IntentWorld,
  ask: AuthnFilterAsk,
  { pods }: Entrance,
  filters: readonly AuthnFilter[],
): Intended {
  const intended = splitGateway(world, ask, INTENT)
  const asking = filters.find((filter) => asksElsewhere(world, filter, pods).length > 0)
  if (asking === undefined) return intended
  return refuse(
    INTENT,
    [
      `EnvoyFilter \`${asking.owner.namespace}/${asking.owner.name}\` asks at ${asksElsewhere(world, asking, pods).join(', ')} too, so that pods of its own would not help the local gateway`,
    ],
    'give the filter a `workloadSelector` with the door’s labels first',
  )
}

/** A way with what it would do to the door; `refused` = it is none here, and why. */
export type AuthnOffer =
  | { readonly way: AuthnWay; readonly intended: Intended; readonly access: AccessDiff }
  | { readonly way: AuthnWay; readonly refused: string }

export interface AuthnOffers {
  /** What was asked, and what was taken where it was not. */
  readonly ask: AuthnFilterAsk
  readonly offers: readonly AuthnOffer[]
}

/** All ways side by side, for a person to choose; what is not named is taken as the third field report had it. */
export function authnOffers(world: IntentWorld, asked: AuthnFilterAsk): AuthnOffers {
  const { mesh, door, now, view } = world
  findAuthnFilters(world, INTENT, findEntrance(world, INTENT, asked.gateway))
  const ask = { ...asked, hosts: asked.hosts ?? ['kubeflow.example.com'], paths: asked.paths ?? ['/v1/*'] }
  const offers = authnWays.map((way): AuthnOffer => {
    try {
      const intended = migrateAuthnFilter(world, way, ask)
      const after = meshAfter(door, intended.changes)
      return { way, intended, access: diffAccess(mesh, after, { now, old: view(mesh), new: view(after) }) }
    } catch (error) {
      // What is typed wrong is no way that is missing here.
      if (!isFault(error) || error.code === 'ERR_USAGE') throw error
      return { way, refused: error.message }
    }
  })
  return { ask, offers }
}

/** Istio compares the port too, where a client sends one. */
const withPorts = (hosts: readonly string[]) => hosts.flatMap((host) => [host, `${host}:*`])

/** A filter without a selector is before every gateway; a policy without one before every sidecar too. */
const selectorOf = ({ owner }: AuthnFilter, { gateway }: Entrance) =>
  Object.keys(owner.workloadSelector ?? {}).length > 0 ? owner.workloadSelector : gateway.selector

const serversOf = (spec: unknown): readonly EditableObject[] =>
  (spec as EditableObject | undefined)?.servers ?? []

/** `*` in whichever namespaces: `*`, `./*`, `team-a/*`. */
const isAnyHost = (host: string) => /^([^/]*\/)?\*$/.test(host)

function hostsOnly({ raw }: Entrance, hosts: readonly string[]): readonly Change[] {
  if (!serversOf(raw.object.spec).some((server) => (server.hosts as string[]).some(isAnyHost))) return []
  return [
    updateOf(
      raw,
      (copy) => {
        for (const server of serversOf(copy.spec) as EditableObject[]) {
          server.hosts = (server.hosts as string[]).flatMap((host) =>
            isAnyHost(host) ? hosts.map((each) => host.replace('*', each)) : [host],
          )
        }
      },
      'neutral',
      'the door serves these hosts; another Host header leads to no page of Kubeflow',
    ),
  ]
}

function hostsRisk({ raw, gateway }: Entrance, hosts: readonly string[]): string {
  const others = serversOf(raw.object.spec)
    .flatMap((server) => server.hosts as string[])
    .filter((host) => !isAnyHost(host) && !hosts.includes(host.slice(host.indexOf('/') + 1)))
  return others.length === 0
    ? 'a host is a header, and anybody’s to send: the Gateway serves the named hosts only from now on, so that another one leads nowhere'
    : `a host is a header, and anybody’s to send: Gateway \`${gateway.namespace}/${gateway.name}\` serves ${others.map((host) => `\`${host}\``).join(', ')} too, where nobody is asked to sign in`
}
