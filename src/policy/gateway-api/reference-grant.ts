import type { Mesh } from '../../mesh/index.ts'
import { child, list, text } from './json.ts'

/** Whether an object of one namespace may name one of another: ReferenceGrant. */
export type Granted = (
  from: { readonly group: string; readonly kind: string; readonly namespace: string },
  to: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string },
) => boolean

export function compileGrants(mesh: Mesh): Granted {
  const grants = mesh.gatewayApi.filter(({ kind }) => kind === 'ReferenceGrant')
  return (from, to) =>
    grants.some(
      (grant) =>
        grant.namespace === to.namespace &&
        list(child(grant.raw, 'spec', 'from')).some(
          (entry) =>
            (text(child(entry, 'group')) ?? '') === from.group &&
            text(child(entry, 'kind')) === from.kind &&
            text(child(entry, 'namespace')) === from.namespace,
        ) &&
        list(child(grant.raw, 'spec', 'to')).some((entry) => {
          const name = text(child(entry, 'name')) ?? ''
          return (
            (text(child(entry, 'group')) ?? '') === to.group &&
            text(child(entry, 'kind')) === to.kind &&
            (name === '' || name === to.name)
          )
        }),
    )
}
