import { readFileSync } from 'node:fs'
import { claimsOf } from '../../client/index.ts'
import type { Mesh } from '../../mesh/index.ts'
import type { Principal } from '../../policy/index.ts'
import type { Environment } from '../doors/folders.ts'
import { readCredential } from '../doors/kept-credential.ts'
import { type WhichKeptDoor, whichDoor } from '../doors/open-door.ts'
import type { Own } from './polite.ts'

/** Who one is at a door, as far as it can be told without asking it; undefined = nothing is at hand. */
export function ownPrincipal(env: Environment, which: WhichKeptDoor): Principal | undefined {
  const token = env.KFDOOR_TOKEN?.trim() || tokenOf(env.KFDOOR_TOKEN_FILE)
  if (token) return principalOf(token)
  const { kept } = whichDoor(env, which)
  const credential = kept && readCredential(env, kept.name)
  if (credential?.kind === 'token') return principalOf(credential.token)
  if (credential?.kind === 'token-file') return principalOf(tokenOf(credential.path) ?? '')
  // What lies in a keyring is not opened for a name: the door told it when it was signed in to.
  const email =
    credential !== undefined || kept?.credentialStore === 'keyring'
      ? kept?.user
      : env.KFDOOR_PASSWORD && env.KFDOOR_USERNAME
  return email ? userNamed(email) : undefined
}

function tokenOf(path: string | undefined): string | undefined {
  try {
    return path ? readFileSync(path, 'utf8').trim() : undefined
  } catch {
    // Said by whoever opens the door with it.
    return undefined
  }
}

function principalOf(token: string): Principal | undefined {
  const claims = claimsOf(token)
  const subject = typeof claims?.sub === 'string' ? claims.sub : ''
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(subject)
  if (account !== null) {
    const [, namespace = '', name = ''] = account
    const [audience] = [claims?.aud].flat().filter((one): one is string => typeof one === 'string')
    const issuer = typeof claims?.iss === 'string' ? claims.iss : undefined
    return {
      kind: 'service-account',
      namespace,
      name,
      ...(audience !== undefined && { audience }),
      ...(issuer !== undefined && { issuer }),
      forged: false,
    }
  }
  const groups = Array.isArray(claims?.groups)
    ? claims.groups.filter((one): one is string => typeof one === 'string')
    : []
  return typeof claims?.email === 'string' ? userNamed(claims.email, groups) : undefined
}

function userNamed(email: string, groups: readonly string[] = []): Principal {
  return { kind: 'user', email, groups, forged: false }
}

/** The namespaces that are one's own by the YAML: a Profile's owner has it, an account lives in it. */
export function namespacesOf(mesh: Mesh, own: Own): readonly string[] {
  if (own?.kind === 'service-account') return [own.namespace]
  if (own?.kind !== 'user') return []
  return mesh.profiles
    .filter(({ owner }) => owner.kind === 'User' && owner.name === own.email)
    .map(({ name }) => name)
}
