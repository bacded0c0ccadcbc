import type { At, Problem } from '../base/index.ts'
import type { DestinationRule, Mesh, Meta } from './model.ts'
import { validateAuthorizationPolicy } from './validate-authorization-policy.ts'
import { validateGateway } from './validate-gateway.ts'
import { checkExportTo, checkLabelsOf, checkWildcardDomain, isLabel } from './validate-names.ts'
import {
  validatePeerAuthentication,
  validateRequestAuthentication,
} from './validate-request-authentication.ts'
import { validateVirtualService } from './validate-virtual-service.ts'

/** How a validator says what is wrong with the object it was given. */
export type Complain = (message: string, at?: At) => void

/**
 * What istiod's admission webhook would refuse about the objects of a mesh, as problems of code
 * `istio-rejects`. The CRD's OpenAPI schema is not part of it; the readers see to types and fields.
 */
export function validateMesh(mesh: Mesh): Problem[] {
  const problems: Problem[] = []
  const each = <T extends Meta>(
    objects: readonly T[],
    validate: (object: T, complain: Complain) => void,
  ): void => {
    for (const object of objects) {
      const subject = `${object.kind} ${object.namespace}/${object.name}`
      const complain: Complain = (message, at = object.at) => {
        problems.push({ severity: 'error', code: 'istio-rejects', message: `${subject}: ${message}`, at })
      }
      if (object.kind !== 'AuthorizationPolicy' && Object.hasOwn(object.annotations, 'istio.io/dry-run')) {
        complain('the annotation `istio.io/dry-run` is for AuthorizationPolicies only')
      }
      validate(object, complain)
    }
  }
  each(mesh.authorizationPolicies, validateAuthorizationPolicy)
  each(mesh.requestAuthentications, validateRequestAuthentication)
  each(mesh.peerAuthentications, validatePeerAuthentication)
  each(mesh.gateways, validateGateway)
  each(mesh.virtualServices, validateVirtualService)
  each(mesh.destinationRules, validateDestinationRule)
  return problems
}

/** The part of Istio's ValidateDestinationRule that concerns what the model holds. */
function validateDestinationRule(rule: DestinationRule, complain: Complain): void {
  const wrong = checkWildcardDomain(rule.host.value) ?? checkExportTo(rule.exportTo ?? [], rule.namespace)
  if (wrong) complain(wrong, rule.host.at)
  const names = new Set<string>()
  for (const { name, labels, at } of rule.subsets) {
    if (names.has(name)) complain(`two subsets are named \`${name}\``, at)
    names.add(name)
    if (!isLabel(name)) complain(`\`${name}\` is no subset’s name`, at)
    const wrongLabels = checkLabelsOf(labels)
    if (wrongLabels) complain(wrongLabels, at)
  }
}
