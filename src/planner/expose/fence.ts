/**
 * What all exposures of a gateway share where it did not read accounts' tokens before: the keys, and a fence.
 * A gateway that takes a token for a sign-in would let every account of the cluster in everywhere; the
 * fence keeps accounts to the paths that were exposed. Both go with the last exposure that needs them.
 */
import { createOf, deleteOf, type EditableObject, updateOf } from '../changes.ts'
import type { Change, KubeObject } from '../plan.ts'
import type { RawDoor, RawObject } from '../raw-door.ts'
import { doorPath, type Exposure, hostForms, pathPattern, subjectOf } from './objects.ts'
import type { WrittenRule } from './trust.ts'

/** One line each: the subject, its host in every form a Host header has it or `*`, its paths. */
const sharedAnnotation = 'kfdoor.dev/shared-by'

interface Share {
  readonly subject: string
  /** undefined = on every host. */
  readonly hosts?: readonly string[]
  readonly patterns: readonly string[]
}

function sharesOf({ object }: Pick<RawObject, 'object'>): readonly Share[] {
  const { annotations = {} } = (object.metadata ?? {}) as {
    readonly annotations?: Readonly<Record<string, string>>
  }
  return (annotations[sharedAnnotation] ?? '').split('\n').flatMap((line) => {
    const [subject, host, ...patterns] = line.split(' ')
    if (subject === undefined || host === undefined) return []
    return [{ subject, patterns, ...(host !== '*' && { hosts: host.split(',') }) }]
  })
}

/** Whether this exposure leans on them: it is for accounts, whose tokens are read by ours or not at all. */
export function needsShared(door: RawDoor, { trust, entry }: Exposure): boolean {
  return (
    trust.accounts.length > 0 &&
    (trust.atGateway.length > 0 || find(door, entry.namespace, tokensKind) !== undefined)
  )
}

const tokensKind = 'RequestAuthentication'
const fenceKind = 'AuthorizationPolicy'

function find(door: RawDoor, namespace: string, kind: string): RawObject | undefined {
  return door.objects.find(
    (raw) => raw.name.kind === kind && raw.name.namespace === namespace && sharesOf(raw).length > 0,
  )
}

/** The two objects with this exposure among those they are for. */
export function joinShared(door: RawDoor, exposure: Exposure, fenced: boolean): readonly Change[] {
  const { entry, trust, target, ask } = exposure
  if (!needsShared(door, exposure)) return []
  const own: Share = {
    subject: subjectOf(target),
    ...(ask.host !== undefined && { hosts: hostForms(exposure) }),
    patterns: target.endpoints.map((endpoint) => pathPattern(doorPath(exposure, endpoint))),
  }
  const keys = "the door reads service accounts' tokens"
  const tokens = find(door, entry.namespace, tokensKind)
  const only = 'accounts get to what is exposed to them, and to nothing else at this door'
  const fence = find(door, entry.namespace, fenceKind)
  const join = (raw: RawObject, why: string) =>
    updateOf(raw, (copy) => rewrite(copy, [...sharesOf(raw), own], trust.atGateway), 'neutral', why)
  return [
    tokens === undefined ? createOf(tokensObject(exposure, [own]), 'neutral', keys) : join(tokens, keys),
    ...(fence !== undefined
      ? [join(fence, only)]
      : fenced
        ? [createOf(fenceObject(exposure, [own]), 'closes', only)]
        : []),
  ]
}

/** The two objects without that subject; gone with the last one. */
export function leaveShared(door: RawDoor, subject: string): readonly Change[] {
  return door.objects.flatMap((raw): readonly Change[] => {
    const shares = sharesOf(raw)
    const left = shares.filter((share) => share.subject !== subject)
    if (left.length === shares.length) return []
    const opens = raw.name.kind === 'AuthorizationPolicy' ? 'opens' : 'closes'
    if (left.length === 0) return [deleteOf(raw, opens, 'nothing exposed needs it any more')]
    return [updateOf(raw, (copy) => rewrite(copy, left), 'closes', 'one exposure less')]
  })
}

const sharedName = 'kfdoor-accounts'

function rewrite(copy: EditableObject, shares: readonly Share[], rules: readonly WrittenRule[] = []): void {
  copy.metadata.annotations[sharedAnnotation] = linesOf(shares)
  if (copy.kind === tokensKind) copy.spec.jwtRules.push(...rules)
  if (copy.kind !== fenceKind) return
  for (const rule of copy.spec.rules) {
    const { source } = rule.from[0]
    source.requestPrincipals = [...new Set([...source.requestPrincipals, ...subjectsOf(rules)])]
    rule.to = gapsFor(shares)
  }
}

/** Accounts whose tokens are read because of us: those the door read before keep what they had. */
const subjectsOf = (rules: readonly WrittenRule[]) => rules.map(({ issuer }) => `${issuer}/*`)

const linesOf = (shares: readonly Share[]) =>
  shares
    .map(({ subject, hosts = ['*'], patterns }) => [subject, hosts.join(','), ...patterns].join(' '))
    .join('\n')

function metadata(namespace: string, shares: readonly Share[]) {
  return {
    name: sharedName,
    namespace,
    labels: { 'app.kubernetes.io/managed-by': 'kfdoor' },
    annotations: { [sharedAnnotation]: linesOf(shares) },
  }
}

function tokensObject({ entry, trust }: Exposure, shares: readonly Share[]): KubeObject {
  return {
    apiVersion: 'security.istio.io/v1beta1',
    kind: 'RequestAuthentication',
    metadata: metadata(entry.namespace, shares),
    spec: { selector: { matchLabels: entry.selector }, jwtRules: trust.atGateway },
  }
}

function fenceObject({ entry, trust }: Exposure, shares: readonly Share[]): KubeObject {
  return {
    apiVersion: 'security.istio.io/v1beta1',
    kind: fenceKind,
    metadata: metadata(entry.namespace, shares),
    spec: {
      selector: { matchLabels: entry.selector },
      action: 'DENY',
      rules: [
        {
          from: [{ source: { requestPrincipals: subjectsOf(trust.atGateway) } }],
          to: gapsFor(shares),
        },
      ],
    },
  }
}

/** Everything but the paths; on a host of its own these too. */
function gapsFor(shares: readonly Share[]): readonly object[] {
  const everywhere = shares.filter(({ hosts }) => hosts === undefined)
  const apart = shares.flatMap(({ hosts, patterns }) => (hosts === undefined ? [] : [{ hosts, patterns }]))
  const operation = (own: object, open: readonly Pick<Share, 'patterns'>[]) => {
    const notPaths = [...new Set(open.flatMap(({ patterns }) => patterns))]
    return { operation: { ...own, ...(notPaths.length > 0 && { notPaths }) } }
  }
  const notHosts = apart.flatMap(({ hosts }) => hosts)
  return [
    operation(notHosts.length > 0 ? { notHosts } : {}, everywhere),
    ...apart.map(({ hosts, patterns }) => operation({ hosts }, [...everywhere, { patterns }])),
  ]
}
