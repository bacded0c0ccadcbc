/** Variables in which kfdoor is handed what lets one in. */
const ours = [
  'KFDOOR_PASSWORD',
  'KFDOOR_TOKEN',
  'KFDOOR_TOKEN_FILE',
  'KFDOOR_COOKIE',
  'KFDOOR_USERNAME',
  'KFDOOR_CLIENT_SECRET',
  'KFDOOR_AUTHZ_CLIENT_SECRET',
]

/** An environment for another program: what is ours to know is not in it. */
export function withoutOwnSecrets(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const theirs = { ...env }
  for (const name of ours) delete theirs[name]
  return theirs
}
