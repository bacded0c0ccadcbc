/** v1 ties everything together by resource references; later APIs have a field for each. */
import { compact } from './wire/encode.ts'
import type { resourceTypes } from './wire/messages-v1.ts'

type Type = keyof typeof resourceTypes
type Relationship = 'OWNER' | 'CREATOR'

interface Reference {
  readonly key?: { readonly type?: Type; readonly id?: string }
  readonly name?: string
  readonly relationship?: string
}

export const referencesOf = (fields: Readonly<Record<string, unknown>>) =>
  (fields.resource_references ?? []) as readonly Reference[]

/** The id of the first reference of that type and relationship, or ''. */
export function referencedId(
  references: readonly Reference[],
  type: Type,
  relationship?: Relationship,
): string {
  const found = references.find(
    ({ key, relationship: as }) => key?.type === type && (relationship === undefined || as === relationship),
  )
  return found?.key?.id ?? ''
}

export const reference = (type: Type, id: string, relationship: Relationship, name = '') =>
  compact({ key: { type, id }, name, relationship })
