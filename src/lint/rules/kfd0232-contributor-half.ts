import { matchesValue, parseValuePattern } from '../../policy/index.ts'
import type { Rule } from '../rule.ts'
import { conditionsOf, nameOf } from '../walk.ts'

/** A contributor is two objects: a RoleBinding for the API, an AuthorizationPolicy for the mesh. */
export const contributorHalf: Rule = {
  code: 'KFD0232',
  severity: 'warning',
  title: 'a contributor has a RoleBinding and no policy that lets the name in',
  why: 'In a profile’s namespace the mesh compares `kubeflow-userid` with the policy kfam wrote. Without it, or with other capitals or another prefix than the sign-in gives, notebooks answer 403 to somebody who may create them.',
  remedy: 'Add the contributor through the dashboard or kfam, which writes both objects.',

  *check({ mesh }) {
    for (const profile of mesh.profiles) {
      const policies = mesh.authorizationPolicies.filter(({ namespace }) => namespace === profile.name)
      const named = policies.flatMap((policy) =>
        [...conditionsOf(policy)]
          .filter(({ condition }) => /^request\.headers\[kubeflow-userid\]$/i.test(condition.key.value))
          .flatMap(({ condition }) => condition.values ?? []),
      )
      if (named.length === 0) continue
      const bindings = mesh.roleBindings.filter(
        ({ kind, namespace, annotations }) =>
          kind === 'RoleBinding' && namespace === profile.name && annotations.user !== undefined,
      )
      for (const binding of bindings) {
        const user = binding.annotations.user as string
        if (named.some(({ value }) => matchesValue(parseValuePattern(value), user))) continue
        const near = named.find(({ value }) => value.toLowerCase() === user.toLowerCase())
        yield {
          message: near
            ? `${nameOf(binding)} is for \`${user}\`, and the mesh lets in \`${near.value}\`: capitals count`
            : `${nameOf(binding)} is for \`${user}\`, whom no AuthorizationPolicy of \`${profile.name}\` lets in`,
          evidence: [{ at: binding.at, text: user }, ...(near ? [{ at: near.at, text: near.value }] : [])],
        }
      }
    }
  },
}
