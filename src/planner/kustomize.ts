/** A plan as a Kustomize component: new objects are its resources, edits and removals its patches. */
import { objectText } from './edit-text.ts'
import { mergePatch } from './merge-patch.ts'
import type { Change, ObjectName, Plan } from './plan.ts'

export interface ComponentFile {
  readonly name: string
  readonly text: string
}

/** Files of one folder, `kustomization.yaml` first. */
export function componentOf(plan: Plan): readonly ComponentFile[] {
  const files = plan.spec.changes.map((change) => ({ change, ...fileOf(change) }))
  const created = files.filter(({ change }) => change.op === 'create').map(({ name }) => name)
  const patched = files
    .filter(({ change }) => change.op !== 'create')
    .map(({ name, change }) => ({ path: name, target: targetOf(change.object) }))
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    ...(created.length > 0 && { resources: created }),
    ...(patched.length > 0 && { patches: patched }),
  }
  return [
    { name: 'kustomization.yaml', text: `# ${plan.spec.command.join(' ')}\n${objectText(kustomization)}` },
    ...files.map(({ name, text }) => ({ name, text })),
  ]
}

function fileOf(change: Change): ComponentFile {
  const { apiVersion, kind, namespace, name } = change.object
  const words = [kind, ...(namespace === undefined ? [] : [namespace]), name]
  const file = `${words
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')}.yaml`
  const head = { apiVersion, kind, metadata: { name, ...(namespace !== undefined && { namespace }) } }
  switch (change.op) {
    case 'create':
      return { name: file, text: objectText(change.after) }
    case 'delete':
      return { name: file, text: objectText({ $patch: 'delete', ...head }) }
    case 'update': {
      const { metadata = {}, ...patch } = mergePatch(change.before, change.after) as {
        readonly metadata?: object
      }
      return {
        name: file,
        text: objectText({ ...head, ...patch, metadata: { ...head.metadata, ...metadata } }),
      }
    }
  }
}

function targetOf({ kind, namespace, name }: ObjectName) {
  return { kind, name, ...(namespace !== undefined && { namespace }) }
}
