import type { Credential } from '../../client/index.ts'
import type { SignInResult } from '../../compose/doors/sign-in.ts'
import { sayEnd } from '../times.ts'

/** `login -o json` as `product.md` has it. */
export function loginAsJson({ door, credential, expiresAt, seen }: SignInResult) {
  return {
    name: door.name,
    url: door.url,
    door: {
      kind: seen.kind,
      ...(door.issuer === undefined ? {} : { issuer: door.issuer }),
      ...(door.connector === undefined ? {} : { connector: door.connector }),
    },
    user: door.user ?? null,
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    cookies: cookieNames(credential),
  }
}

export const cookieNames = (credential: Credential | undefined): readonly string[] =>
  credential?.kind === 'session' ? credential.cookies.map(({ name }) => name) : []

export function renderLogin(result: SignInResult, now: number): string {
  const { door, credential, expiresAt, who } = result
  const lines = [`${door.url}: ${sayDoor(result)}`]
  if (credential.kind === 'none') {
    lines.push('Nobody has to sign in here: whoever reaches this address is let in.')
  } else {
    lines.push(`Signed in${door.user ? ` as ${door.user}` : ''}, ${sayEnd(expiresAt, now)}.`)
  }
  if (who.namespaces.length > 0) {
    lines.push(
      `Namespaces: ${who.namespaces.map(({ namespace, role }) => `${namespace} (${role})`).join(', ')}`,
    )
  }
  lines.push(
    `Kept as \`${door.name}\`. Next: \`kfdoor whoami\`, \`kfdoor token -o header\`, \`kfdoor logout\``,
  )
  return lines.join('\n')
}

/** What was recognised, in one sentence. */
function sayDoor({ recognised, seen, door }: SignInResult): string {
  const { kind } = seen
  const parts = [
    kind === 'open'
      ? 'an open door'
      : kind === 'unknown'
        ? 'a door that shows no sign-in of its own'
        : `a door with ${kind === 'authservice' ? 'oidc-authservice' : kind}`,
  ]
  if (seen.dex !== undefined) parts.push(`Dex ${seen.dex}`)
  if (seen.connectors && seen.connectors.length > 1) {
    parts.push(`connectors ${seen.connectors.map(({ id }) => id).join(', ')}`)
  }
  if (door.connector !== undefined) parts.push(`in by \`${door.connector}\``)
  if (seen.approval) parts.push('with an approval screen')
  if (recognised.httpsRedirect) parts.push('redirects to HTTPS')
  if (recognised.url.pathname !== '/') parts.push(`below ${recognised.url.pathname}`)
  if (recognised.singleUser) parts.push('Pipelines for a single user')
  return parts.join(', ')
}
