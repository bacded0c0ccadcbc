import type { Problem } from '../problem.ts'
import { kserve } from './kserve.ts'
import { mesh } from './mesh.ts'
import { pipelines } from './pipelines.ts'
import { providers } from './providers.ts'
import { sessions } from './sessions.ts'
import { signIn } from './sign-in.ts'
import { tls } from './tls.ts'
import { tokens } from './tokens.ts'

/**
 * What people met at Kubeflow's door from 2019 to 2026, by what they reported: Kubeflow, KServe,
 * Pipelines, oauth2-proxy, oidc-authservice and Istio issues, and five field reports.
 */
export const problems: readonly Problem[] = [
  ...tls,
  ...signIn,
  ...sessions,
  ...providers,
  ...tokens,
  ...pipelines,
  ...kserve,
  ...mesh,
]
