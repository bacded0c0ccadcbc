/** The LDAP connector before a real OpenLDAP server: who gets in, who does not, and what an outage does. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createSigningKeys } from '../src/identity/index.ts'
import {
  createIssuer,
  dexGeneration,
  type Issuer,
  type IssuerEvent,
  parseDexConfig,
} from '../src/issuer/index.ts'
import { type Slapd, startSlapd } from './parts/ldap.ts'

const LDIF = `dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=People,dc=example,dc=org
objectClass: organizationalUnit
ou: People

dn: cn=jane,ou=People,dc=example,dc=org
objectClass: inetOrgPerson
sn: doe
cn: jane
mail: janedoe@example.com
userPassword: foo

dn: cn=odd,ou=People,dc=example,dc=org
objectClass: inetOrgPerson
sn: odd
cn: odd
mail: o'brien (qa)@example.com
userPassword: foo

dn: ou=Groups,dc=example,dc=org
objectClass: organizationalUnit
ou: Groups

dn: cn=admins,ou=Groups,dc=example,dc=org
objectClass: groupOfNames
cn: admins
member: cn=jane,ou=People,dc=example,dc=org

dn: cn=everybody,ou=Groups,dc=example,dc=org
objectClass: groupOfNames
cn: everybody
member: cn=admins,ou=Groups,dc=example,dc=org
`

const CLIENT = { id: 'door', secret: 'secret', redirect: '/oauth2/callback' }
const config = (port: number, transport: string) => `
issuer: http://dex.auth.svc.cluster.local:5556/dex
oauth2: { skipApprovalScreen: true, passwordConnector: ldap }
staticClients:
- { id: ${CLIENT.id}, secret: ${CLIENT.secret}, name: Door, redirectURIs: [${CLIENT.redirect}] }
connectors:
- type: ldap
  id: ldap
  name: OpenLDAP
  config:
    host: localhost:${port}
    ${transport}
    bindDN: cn=admin,dc=example,dc=org
    bindPW: $LDAP_PASSWORD
    usernamePrompt: Email Address
    userSearch:
      baseDN: ou=People,dc=example,dc=org
      filter: "(objectClass=person)"
      username: mail
      idAttr: DN
      emailAttr: mail
      nameAttr: cn
    groupSearch:
      baseDN: ou=Groups,dc=example,dc=org
      filter: "(objectClass=groupOfNames)"
      userMatchers:
      - { userAttr: DN, groupAttr: member, recursionGroupAttr: member }
      nameAttr: cn
`

const events: IssuerEvent[] = []
const keys = await createSigningKeys({ clock: Date.now })

function issuerAt(port: number, transport = 'insecureNoSSL: true'): Issuer {
  const parsed = parseDexConfig(config(port, transport), { LDAP_PASSWORD: 'admin' })
  assert.ok(parsed.config, JSON.stringify(parsed.problems))
  return createIssuer({
    config: parsed.config,
    generation: dexGeneration('v2.45.0'),
    keys,
    clock: Date.now,
    log: (event) => events.push(event),
  })
}

/** The answer to name and password on the form. */
async function submit(issuer: Issuer, login: string, password: string): Promise<Response> {
  const query = new URLSearchParams({
    client_id: CLIENT.id,
    redirect_uri: CLIENT.redirect,
    response_type: 'code',
    scope: 'openid email groups profile offline_access',
    state: 's',
  })
  const at = (path: string) => new URL(path, 'http://door.test')
  const form = await issuer.handle(new Request(at(`/dex/auth/ldap?${query}`)))
  return issuer.handle(
    new Request(at(form.headers.get('location') ?? ''), {
      method: 'POST',
      body: new URLSearchParams({ login, password }),
    }),
    { remoteAddress: `127.0.0.${(Math.random() * 250) | 0}` },
  )
}

async function token(issuer: Issuer, form: Record<string, string>): Promise<Record<string, unknown>> {
  const answer = await issuer.handle(
    new Request('http://door.test/dex/token', {
      method: 'POST',
      body: new URLSearchParams({ client_id: CLIENT.id, client_secret: CLIENT.secret, ...form }),
    }),
  )
  return (await answer.json()) as Record<string, unknown>
}

describe('the LDAP connector', () => {
  let slapd: Slapd
  let issuer: Issuer
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-ldap-'))
  const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }

  before(async () => {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
        ...[
          '-subj',
          '/CN=localhost',
          '-addext',
          'subjectAltName=DNS:localhost',
          '-keyout',
          tls.key,
          '-out',
          tls.cert,
        ],
      ],
      { stdio: 'ignore' },
    )
    slapd = await startSlapd({ ldif: LDIF, tls })
    issuer = issuerAt(slapd.port)
  })
  after(async () => {
    await slapd.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const rows: readonly (readonly [login: string, password: string, status: number, why: string])[] = [
    ['janedoe@example.com', 'foo', 303, 'the right password'],
    ['JaneDoe@Example.com', 'foo', 303, 'the directory folds case'],
    ["o'brien (qa)@example.com", 'foo', 303, 'parentheses and quotes are characters, not syntax'],

    ['janedoe@example.com', 'bar', 401, 'a wrong password'],
    ['janedoe@example.com', '', 401, 'no password is never sent to the directory'],
    ['nobody@example.com', 'foo', 401, 'nobody of that name'],
    ['*', 'foo', 401, 'a star is a character'],
    ['janedoe@example.com)(|(mail=*', 'foo', 401, 'a filter cannot be broken out of'],
    [
      'janedoe@example.com\u0000',
      'foo',
      401,
      'NUL does not end the name, which is what OpenLDAP makes of it',
    ],
    ['cn=admin,dc=example,dc=org', 'admin', 401, 'a DN is a name like any other'],
    ['', 'foo', 401, 'no name'],
  ]
  for (const [login, password, status, why] of rows) {
    test(`${JSON.stringify(login)} with ${JSON.stringify(password)} is answered ${status}: ${why}`, async () => {
      const answer = await submit(issuer, login, password)
      assert.equal(answer.status, status)
      if (status === 401) assert.match(await answer.text(), /Invalid Email Address and password\./)
    })
  }

  test('groups, and groups of groups, are in the token; a refresh asks the directory again', async () => {
    const first = await token(issuer, {
      grant_type: 'password',
      scope: 'openid email groups profile offline_access',
      username: 'janedoe@example.com',
      password: 'foo',
    })
    const claims = (text: unknown) =>
      JSON.parse(Buffer.from(String(text).split('.')[1] ?? '', 'base64url').toString()) as Record<
        string,
        unknown
      >
    assert.deepEqual(claims(first.id_token).groups, ['admins', 'everybody'])
    assert.equal(claims(first.id_token).email, 'janedoe@example.com')
    assert.equal(claims(first.id_token).name, 'jane')
    const second = await token(issuer, {
      grant_type: 'refresh_token',
      refresh_token: String(first.refresh_token),
    })
    assert.equal(claims(second.id_token).sub, claims(first.id_token).sub)
  })

  test('StartTLS with the right root CA gets in; with another it is an error, not a wrong password', async () => {
    const trusting = issuerAt(slapd.port, `startTLS: true\n    rootCA: ${tls.cert}`)
    assert.equal((await submit(trusting, 'janedoe@example.com', 'foo')).status, 303)
    const suspicious = issuerAt(slapd.port, 'startTLS: true')
    assert.equal((await submit(suspicious, 'janedoe@example.com', 'foo')).status, 500)
  })

  test('while the directory is down the page says so within 5 s, and afterwards it works again', async () => {
    await slapd.stop()
    const begun = performance.now()
    const answer = await submit(issuer, 'janedoe@example.com', 'foo')
    assert.equal(answer.status, 500)
    assert.match(await answer.text(), /Login error\. Please contact your administrator or try again later\./)
    assert.ok(performance.now() - begun < 5000)
    assert.equal(events.at(-1)?.kind, 'connector-failed')
    await slapd.start()
    assert.equal((await submit(issuer, 'janedoe@example.com', 'foo')).status, 303)
  })
})
