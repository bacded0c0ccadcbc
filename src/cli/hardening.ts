import { Option } from '@commander-js/extra-typings'

/** Which door a question is about, on every command that answers one from YAML. */
export const hardeningOption = () =>
  new Option('--hardening <level>', 'default: as a kfdoor gateway answers, which is stricter than Istio')
    .choices(['default', 'istio-parity'] as const)
    .default('istio-parity' as const)
