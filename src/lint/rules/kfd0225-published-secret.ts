import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** Values everybody can read in Kubeflow's own manifests. */
export const publishedSecret: Rule = {
  code: 'KFD0225',
  severity: 'error',
  title: 'a secret published with Kubeflow is in use',
  why: 'The password of `user@example.com`, the client secret and the cookie secret stand in the public manifests. With the cookie secret anybody makes sessions; with the password anybody signs in.',
  remedy:
    'Generate your own before the door is reached by anybody else; `kfdoor hash-password` makes the hash.',

  *check({ mesh }) {
    for (const secret of mesh.secrets) {
      for (const [key, value] of Object.entries(secret.data)) {
        for (const what of publishedIn(value)) {
          yield {
            message: `${nameOf(secret)} holds the published ${what} in \`${key}\``,
            evidence: [{ at: secret.at, text: `${nameOf(secret)} ${key}` }],
          }
        }
      }
    }
    for (const workload of mesh.workloads) {
      for (const { env } of workload.containers) {
        for (const [key, value] of Object.entries(env)) {
          for (const what of publishedIn(value)) {
            yield {
              message: `${nameOf(workload)} holds the published ${what} in its variable \`${key}\``,
              evidence: [{ at: workload.at, text: `${nameOf(workload)} ${key}` }],
            }
          }
        }
      }
    }
    for (const config of mesh.configMaps) {
      for (const [key, text] of Object.entries(config.data)) {
        for (const what of publishedIn(text)) {
          yield {
            message: `${nameOf(config)} holds the published ${what} in \`${key}\``,
            evidence: [{ at: config.dataAt[key] ?? config.at, text: `${nameOf(config)} ${key}` }],
          }
        }
      }
    }
  },
}

/** What of Kubeflow's manifests a text holds: a value by itself, or a file with one in it. */
function publishedIn(text: string): readonly string[] {
  return [...published].flatMap(([value, what]) => (text.includes(value) ? [what] : []))
}

/** Whether a value stands in Kubeflow's public manifests; it is no secret then. */
export function isPublishedSecret(value: string): boolean {
  return published.has(value)
}

/** As they stand in the releases, whatever the Secret that carries them is called. */
const published = new Map([
  ['pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok', 'client secret'],
  ['7d16fee92f8d11b8940b081b3f8b8acb', 'cookie secret'],
  [
    '$2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72',
    'password hash of user@example.com (12341234)',
  ],
  [
    '$2y$12$ruoM7FqXrpVgaol44eRZW.4HWS8SAvg6KYVVSCIwKQPBmTpCm.EeO',
    'password hash of admin@kubeflow.org (12341234)',
  ],
])
