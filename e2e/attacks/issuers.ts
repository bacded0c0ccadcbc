import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSigningKeys, serviceAccountIssuer } from '../../src/identity/index.ts'
import {
  createIssuer,
  dexGeneration,
  type Issuer,
  type PasswordConnector,
  parseDexConfig,
} from '../../src/issuer/index.ts'
import { type Forge, people, wellKnown } from './recipes.ts'

export const CLIENT_SECRET = 'the-secret-of-kfdoor'
export const PASSWORD = '12341234'

const pair = (algorithm: 'RS256' | 'ES256') =>
  algorithm === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** Keys cost time to make; every world of a run has the same. */
const made = {
  RS256: pair('RS256'),
  ES256: pair('ES256'),
  cluster: pair('ES256'),
  'retired-key': pair('RS256'),
  'new-key': pair('RS256'),
  'enc-key': pair('RS256'),
  // OpenSSL makes none below 512 bits; nobody's Envoy takes it.
  'small-rsa': generateKeyPairSync('rsa', { modulusLength: 512 }),
}

const config = (ldapPort: number | undefined) => `
issuer: https://door.test/dex
storage: {type: memory}
web: {http: 0.0.0.0:5556}
oauth2: {skipApprovalScreen: true}
${
  ldapPort === undefined
    ? 'enablePasswordDB: true'
    : `connectors:
- type: ldap
  id: ldap
  name: LDAP
  config:
    host: 127.0.0.1:${ldapPort}
    insecureNoSSL: true
    bindDN: cn=admin,dc=example,dc=org
    bindPW: admin
    userSearch: {baseDN: "ou=people,dc=example,dc=org", filter: "(objectClass=inetOrgPerson)", username: mail, idAttr: DN, emailAttr: mail, nameAttr: cn}`
}
staticClients:
- {id: kfdoor, name: kfdoor, secret: ${CLIENT_SECRET}, redirectURIs: ["https://door.test/oauth2/callback"]}
- {id: other-client, name: other, secret: other, redirectURIs: ["https://other.test/callback"]}
`

const local: PasswordConnector = {
  id: 'local',
  name: 'Email',
  type: 'local',
  prompt: 'Email Address',
  login: async (name, password) => {
    const found = Object.entries(people).find(([, { email }]) => email === name)
    if (!found || password !== PASSWORD) return { kind: 'wrong' }
    const [who, { email, groups }] = found
    return {
      kind: 'in',
      identity: { userId: who, username: who, preferredUsername: '', email, emailVerified: true, groups },
    }
  },
  refresh: async (identity) => identity,
}

/** How the keys of the door's issuer are published. */
export type JwksState =
  | 'good'
  | 'rotated'
  | 'down'
  | 'down-warm'
  | 'redirect'
  | 'huge'
  | 'hangs'
  | 'weak-key'
  | 'enc-key'

export interface Issuers {
  readonly issuer: Issuer
  readonly forge: Forge
  /** The door's issuer as the network shows it; every answer is in the hands of `state`. */
  readonly jwks: { readonly port: number; readonly fetches: () => number; set(state: JwksState): void }
  readonly clusterJwks: () => object
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>
  close(): Promise<void>
}

export async function openIssuers(options: {
  readonly algorithm: 'RS256' | 'ES256'
  readonly clock: () => number
  readonly ldapPort?: number
  readonly redirectTo: string
  readonly log: (line: string) => void
}): Promise<Issuers> {
  const { algorithm, clock } = options
  const own = made[algorithm]
  const pem = own.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const keys = await createSigningKeys({ clock, algorithm, pem })
  const { config: parsed } = parseDexConfig(config(options.ldapPort), {}, { file: 'dex.yaml' })
  if (!parsed) throw new Error('the issuer of the attacks has no configuration')
  const issuer = createIssuer({
    config: parsed,
    generation: dexGeneration('v2.45.0'),
    keys,
    clock,
    ...(options.ldapPort === undefined && { connectors: [local] }),
    log: (event) => options.log(JSON.stringify(event)),
  })
  const clusterKeys = await createSigningKeys({
    clock,
    algorithm: 'ES256',
    pem: made.cluster.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  })
  const accounts = serviceAccountIssuer({ keys: clusterKeys, clock })
  const published = keys.jwks().keys as readonly (JsonWebKey & { kid: string })[]
  const kidOf = (list: readonly { kid?: string }[]) => list[0]?.kid ?? ''
  const jwkOf = (key: KeyObject, more: object) => ({
    ...createPublicKey(key).export({ format: 'jwk' }),
    ...more,
  })
  const one = (name: keyof typeof made, kid: string) => ({ kid, privateKey: made[name].privateKey })
  const forge: Forge = {
    issuer: { kid: kidOf(published), privateKey: createPrivateKey(pem), publicKey: createPublicKey(pem) },
    more: {
      cluster: { kid: kidOf(clusterKeys.jwks().keys as never), privateKey: made.cluster.privateKey },
      'retired-key': one('retired-key', 'retired'),
      'new-key': one('new-key', 'new'),
      'enc-key': one('enc-key', 'enc'),
      'small-rsa': one('small-rsa', 'small'),
      'well-known': { kid: '', privateKey: wellKnown },
    },
    now: clock,
  }
  const extra: { readonly [S in JwksState]?: readonly object[] } = {
    good: [jwkOf(made['new-key'].privateKey, { kid: 'new', alg: 'RS256', use: 'sig' })],
    'weak-key': [jwkOf(made['small-rsa'].privateKey, { kid: 'small', alg: 'RS256', use: 'sig' })],
    'enc-key': [jwkOf(made['enc-key'].privateKey, { kid: 'enc', alg: 'RS256', use: 'enc' })],
  }
  let state: JwksState = 'good'
  let fetches = 0
  const server: Server = createServer((request, response) => {
    if (request.url?.endsWith('/.well-known/openid-configuration') && state !== 'down') {
      response.end(
        JSON.stringify({ issuer: 'https://door.test/dex', jwks_uri: 'https://door.test/dex/keys' }),
      )
      return
    }
    fetches++
    switch (state) {
      case 'down':
      case 'down-warm':
        request.socket.destroy()
        return
      case 'hangs':
        return
      case 'redirect':
        response.writeHead(302, { location: options.redirectTo })
        response.end()
        return
      case 'huge': {
        response.write('{"keys":[')
        const more = () => {
          if (response.destroyed) return
          if (response.write(`"${'a'.repeat(65_536)}",`)) setImmediate(more)
          else response.once('drain', more)
        }
        more()
        return
      }
    }
    response.end(JSON.stringify({ keys: [...published, ...(extra[state] ?? [])] }))
  })
  server.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  return {
    issuer,
    forge,
    jwks: {
      port: (server.address() as AddressInfo).port,
      fetches: () => fetches,
      set: (next) => {
        state = next
      },
    },
    clusterJwks: () => accounts.jwks(),
    sign: (claims) => keys.sign({ ...claims }),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await issuer.close()
    },
  }
}
