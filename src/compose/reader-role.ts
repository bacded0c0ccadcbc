import { readGroups } from '../kube/index.ts'

/** The ClusterRole a snapshot needs, as YAML; Secrets only where they are asked for. */
export function readerRole(withSecrets: boolean): string {
  const rules = readGroups
    .map(({ group, plurals }) => ({
      group,
      plurals: plurals.filter((each) => withSecrets || each !== 'secrets'),
    }))
    .map(
      ({ group, plurals }) =>
        `- apiGroups: ['${group}']\n  resources: [${plurals.join(', ')}]\n  verbs: [get, list]`,
    )
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: kfdoor-reader
  labels: {app.kubernetes.io/name: kfdoor, app.kubernetes.io/managed-by: kfdoor}
rules:
${rules.join('\n')}
`
}
