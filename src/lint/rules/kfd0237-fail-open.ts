import type { Rule } from '../rule.ts'

/** An authorizer whose failure lets everybody in. */
export const failOpen: Rule = {
  code: 'KFD0237',
  severity: 'error',
  title: 'the door opens when the auth service is down',
  why: 'With `failOpen: true` every request passes while the provider does not answer, and whoever can make it slow or fall over is in.',
  remedy: 'Set `failOpen: false`; run two replicas instead.',

  *check({ mesh }) {
    for (const { name, failOpen: open, at, kind } of mesh.meshConfig.extensionProviders) {
      if (kind === 'other' || !open) continue
      yield {
        message: `extension provider \`${name}\` lets requests pass when it does not answer`,
        evidence: [{ at, text: 'failOpen: true' }],
      }
    }
    for (const filter of mesh.envoyFilters) {
      for (const { at, patch } of filter.configPatches) {
        if (!/"failure_mode_allow":true/.test(JSON.stringify(patch.value ?? ''))) continue
        yield {
          message: `EnvoyFilter ${filter.namespace}/${filter.name} lets requests pass when its auth service does not answer`,
          evidence: [{ at, text: 'failure_mode_allow: true' }],
        }
      }
    }
  },
}
