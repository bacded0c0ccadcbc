import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createVerifier } from '../../identity/index.ts'
import { type Mesh, parseMesh } from '../../mesh/index.ts'
import { type Case, type CaseWorld, compileDoor, type ProxyIdentity, proxyOf } from '../../policy/index.ts'
import { acceptedAuthorities, type Certificates, readCertificates, secretPrincipal } from './certificates.ts'

/** What the cases of one run share. */
export interface Surroundings {
  /** What each `jwksUri` serves. */
  readonly fetched: (uri: string) => string | undefined
  readonly certificates: Certificates
  /** Seconds since the epoch. */
  readonly now: number
}

/** The Istio the recordings were made with; it decides which old names an EnvoyFilter may use. */
const recordedIstio = '1.31.0'

/** What each URI serves, as text or as the JSON document itself. */
export function servedBy(uris: Readonly<Record<string, unknown>>): Surroundings['fetched'] {
  return (uri) => {
    const value = Object.hasOwn(uris, uri) ? uris[uri] : undefined
    return value === undefined || typeof value === 'string' ? value : JSON.stringify(value)
  }
}

/** `jwks-uris.json` and `certs/` lie in the configurations' folder or beside it. */
export function readSurroundings(
  folder: string,
  now: number,
  overrides: { readonly jwks?: string; readonly certs?: string } = {},
): Surroundings {
  const near = (name: string) =>
    [join(folder, name), join(dirname(folder), name)].find((path) => existsSync(path))
  const uris = overrides.jwks ?? near('jwks-uris.json')
  const certs = overrides.certs ?? near('certs')
  return {
    fetched: servedBy(uris === undefined ? {} : JSON.parse(readFileSync(uris, 'utf8'))),
    certificates: readCertificates((name) => {
      const path = certs === undefined ? undefined : join(certs, name)
      return path !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : undefined
    }),
    now,
  }
}

/** One configuration, ready for its cases. */
export interface World extends CaseWorld {
  readonly mesh: Mesh
  /** Makes the keys of the case's proxy known. */
  prepare(recorded: Case): void
}

export function readWorld(file: string, text: string, around: Surroundings): World {
  const { mesh } = parseMesh([{ file, text }])
  const { certificates, fetched, now } = around
  const door = compileDoor(mesh, {
    istioVersion: recordedIstio,
    fetched,
    ...(certificates.workload !== undefined && { workloadPrincipal: certificates.workload }),
    certificatePrincipal: (namespace, name) => secretPrincipal(mesh, namespace, name),
  })
  const verifiers = new Map<string, ReturnType<typeof createVerifier>>()
  /** Keys are named per proxy, so all of those met so far are asked. */
  const learn = (proxy: ProxyIdentity) => {
    const name = JSON.stringify(proxy)
    if (verifiers.has(name)) return
    const keys = door.keys(proxy).map(({ id, jwk }) => ({ id, issuer: '', jwk }))
    verifiers.set(name, createVerifier(keys))
  }
  return {
    mesh,
    door,
    now,
    verified: (keyId, token) => [...verifiers.values()].some((verifier) => verifier.verified(keyId, token)),
    certificate(name, proxy, request) {
      const accepted = acceptedAuthorities(mesh, door, proxy, request, certificates)
      return certificates.peer(name, accepted)
    },
    prepare: (recorded: Case) => learn(proxyOf(recorded.request) ?? door.gateway()),
  }
}
