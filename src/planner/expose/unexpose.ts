/** What an exposure wrote, taken back: its own objects, and the gaps it made in the locks of others. */
import { Fault } from '../../base/index.ts'
import { deleteOf, updateOf } from '../changes.ts'
import type { Change, Intended } from '../plan.ts'
import { findRaw, type RawDoor, type RawObject } from '../raw-door.ts'
import { nearNames } from '../refuse.ts'
import { removeGaps } from './exempt.ts'
import { leaveShared } from './fence.ts'
import { exemptsAnnotation, exposeAnnotation, toAnnotation } from './objects.ts'

interface Asked {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

/** @throws Fault ERR_SUBJECT_UNKNOWN, ERR_USAGE */
export function unexpose(door: RawDoor, { kind, name, namespace }: Asked): Intended {
  const subjects = [...new Set(door.objects.flatMap((raw) => annotationsOf(raw)[exposeAnnotation] ?? []))]
  const meant = subjects.filter((subject) => {
    const [of, where, what] = subject.split('/')
    return of === kind && what === name && (namespace === undefined || where === namespace)
  })
  const [subject, second] = meant
  if (subject === undefined) {
    const names = subjects.map((each) => each.slice(each.indexOf('/') + 1))
    const near = nearNames(name, names)
    throw new Fault('ERR_SUBJECT_UNKNOWN', {
      what: `exposed ${kind}`,
      asked: namespace === undefined ? name : `${namespace}/${name}`,
      near: near.length > 0 ? near : names.slice(0, 5),
    })
  }
  if (second !== undefined) {
    throw new Fault('ERR_USAGE', {
      message: `${meant.length} of that name are exposed: ${meant.map((each) => `\`${each}\``).join(', ')}`,
      next: 'say which with `-n NAMESPACE`',
    })
  }
  return { changes: takeBack(door, subject), risks: [], callers: [] }
}

/** Everything an exposure of that subject wrote; none = it was not exposed. */
export function takeBack(door: RawDoor, subject: string): readonly Change[] {
  const own = door.objects.filter((raw) => annotationsOf(raw)[exposeAnnotation] === subject)
  const edits = own.flatMap(gapsOf).flatMap(([policy, patterns]): readonly Change[] => {
    const [where = '', what = ''] = policy.split('/')
    const raw = findRaw(door, { kind: 'AuthorizationPolicy', namespace: where, name: what })
    return raw === undefined
      ? []
      : [updateOf(raw, (copy) => removeGaps(copy, patterns), 'closes', 'the exemption ends')]
  })
  return [
    ...edits,
    ...leaveShared(door, subject),
    ...own.map((raw) => deleteOf(raw, guess(raw), 'made by `kfdoor expose`')),
  ]
}

/** Whom an exposure of that subject names, as `--to` has them, or `anyone`; none = it was not exposed. */
export function exposedTo(door: RawDoor, subject: string): readonly string[] {
  const own = door.objects.map(annotationsOf).filter((each) => each[exposeAnnotation] === subject)
  return [...new Set(own.flatMap((each) => each[toAnnotation]?.split(' ') ?? []))]
}

function annotationsOf({ object }: RawObject): Readonly<Record<string, string>> {
  const { annotations } = (object.metadata ?? {}) as {
    readonly annotations?: Readonly<Record<string, string>>
  }
  return annotations ?? {}
}

function gapsOf(raw: RawObject): readonly (readonly [policy: string, patterns: readonly string[]])[] {
  const text = annotationsOf(raw)[exemptsAnnotation] ?? ''
  return text.split('\n').flatMap((line) => {
    const [policy, ...patterns] = line.split(' ')
    return policy === undefined || policy === '' ? [] : [[policy, patterns] as const]
  })
}

/** The route goes first; the lock last. */
function guess({ name, object }: RawObject): Change['effect'] {
  if (name.kind === 'VirtualService' || name.kind === 'EnvoyFilter') return 'closes'
  const { action } = (object.spec ?? {}) as { readonly action?: string }
  return action === 'DENY' ? 'opens' : 'neutral'
}
