import { containerEnvironment } from '../../mesh/index.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** Pipelines that asks nobody who he is, behind a door that does. */
export const singleUserBehindLogin: Rule = {
  code: 'KFD0226',
  severity: 'warning',
  title: 'Pipelines runs for a single user behind a sign-in',
  why: 'With MULTIUSER=false the API ignores who calls: everybody who may sign in sees, runs and deletes everything.',
  remedy: 'Install the multi-user manifests, or say in the suppression that one team shares everything.',

  *check({ mesh, queries }) {
    const asks = queries
      .gateways()
      .some(
        ({ proxy }) =>
          queries.policiesOn(proxy, 'CUSTOM').length > 0 || queries.authnFilterOn(proxy) !== undefined,
      )
    if (!asks) return
    for (const workload of mesh.workloads) {
      for (const container of workload.containers) {
        if (!/ml-pipeline-api-server|\/kfp-api-server|api-server$/.test(container.name)) continue
        const { MULTIUSER } = containerEnvironment(mesh, workload, container)
        if (MULTIUSER !== 'false') continue
        yield {
          message: `${nameOf(workload)} runs with MULTIUSER=false behind a door that asks who calls`,
          evidence: [{ at: workload.at, text: 'MULTIUSER=false' }],
        }
      }
    }
  },
}
