import type { DexConfig } from './config.ts'

/** The client secret in every kubeflow/manifests release; whoever reads GitHub knows it. */
const PUBLISHED_SECRETS = ['pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok']

/** bcrypt hashes of `12341234` that releases have shipped for user@example.com. */
const PUBLISHED_HASHES = [
  '$2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72',
  '$2y$12$ruoM7FqXrpVgaol44eRZW.4HWS8SAvg6KYVVSCIwKQPBmTpCm.EeO',
]

/**
 * What of this configuration the whole world can know: Kubeflow's default password and client
 * secret. Empty = nothing. A door that has any must not listen beyond loopback.
 */
export function publishedCredentials(config: DexConfig): string[] {
  const users = config.passwords
    .filter(({ hash }) => PUBLISHED_HASHES.includes(hash))
    .map(({ email }) => `the password of ${email}`)
  const clients = config.clients
    .filter(({ secret }) => PUBLISHED_SECRETS.includes(secret))
    .map(({ id }) => `the secret of client ${id}`)
  return [...users, ...clients]
}
