import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderProblem } from '../base/index.ts'
import { expandEnv } from './expand-env.ts'
import { parseDexConfig } from './parse-config.ts'
import { publishedCredentials } from './published.ts'
import { parseUsersFile, withUsers } from './users-file.ts'

const HASH = '$2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72'
const KUBEFLOW = `issuer: http://dex.auth.svc.cluster.local:5556/dex
storage: { type: kubernetes, config: { inCluster: true } }
web: { http: 0.0.0.0:5556 }
logger: { level: debug, format: text }
oauth2:
  skipApprovalScreen: true
enablePasswordDB: true
staticPasswords:
- email: user@example.com
  hashFromEnv: DEX_USER_PASSWORD
  username: user
  userID: "15841185641784"
staticClients:
- idEnv: OIDC_CLIENT_ID
  redirectURIs: ["/oauth2/callback"]
  name: 'Dex Login Application'
  secretEnv: OIDC_CLIENT_SECRET
`
const ENV = { OIDC_CLIENT_ID: 'kubeflow-oidc-authservice', OIDC_CLIENT_SECRET: 's', DEX_USER_PASSWORD: HASH }

describe('Dex’s configuration', () => {
  test('as Kubeflow ships it', () => {
    const { config, problems } = parseDexConfig(KUBEFLOW, ENV)
    assert.deepEqual(problems, [])
    assert.deepEqual(config?.clients, [
      {
        id: 'kubeflow-oidc-authservice',
        secret: 's',
        name: 'Dex Login Application',
        redirectUris: ['/oauth2/callback'],
        public: false,
        trustedPeers: [],
      },
    ])
    assert.deepEqual(config?.connectors, [{ kind: 'local', id: 'local', name: 'Email' }])
    assert.equal(config?.passwords[0]?.hash, HASH)
    assert.equal(config?.oauth2.skipApprovalScreen, true)
    assert.deepEqual(config?.oauth2.responseTypes, ['code'])
    const { idTokens, signingKeys, authRequests, refreshTokens } = config?.expiry ?? {}
    assert.deepEqual([idTokens, signingKeys, authRequests], [86_400_000, 21_600_000, 86_400_000])
    assert.equal(refreshTokens?.rotate, true)
  })

  test('everything an LDAP connector can say, with $VAR', () => {
    const { config, problems } = parseDexConfig(
      `issuer: https://door.test/dex
connectors:
- type: ldap
  id: ldap
  name: OpenLDAP
  config:
    host: ldap.test:389
    startTLS: true
    rootCA: /etc/ldap.ca
    bindDN: cn=$WHO,dc=test
    bindPW: \${SECRET}
    usernamePrompt: Email Address
    userSearch: { baseDN: ou=p, filter: "(objectClass=person)", username: mail, idAttr: DN, emailAttr: mail, nameAttr: cn, scope: one }
    groupSearch:
      baseDN: ou=g
      nameAttr: cn
      userMatchers: [{ userAttr: DN, groupAttr: member }]
`,
      { WHO: 'admin', SECRET: 'p"w: x' },
    )
    assert.deepEqual(problems, [])
    const [connector] = config?.connectors ?? []
    assert.ok(connector?.kind === 'ldap')
    const { ldap } = connector
    assert.deepEqual(
      [ldap.bindDn, ldap.bindPw, ldap.startTls, ldap.rootCa],
      ['cn=admin,dc=test', 'p"w: x', true, '/etc/ldap.ca'],
    )
    assert.deepEqual([ldap.userSearch.scope, ldap.userSearch.idAttr], ['one', 'DN'])
    assert.deepEqual(ldap.groupSearch.userMatchers, [
      { userAttr: 'DN', groupAttr: 'member', recursionGroupAttr: '' },
    ])
  })

  const edited = (from: string, to: string) => KUBEFLOW.replace(from, to)
  const rows: readonly (readonly [why: string, text: string, problem: RegExp])[] = [
    ['YAML that is nested without end', '['.repeat(100_000), /^dex\.yaml:1: /],
    ['YAML of many megabytes', `# ${'x'.repeat(5_000_000)}`, /^dex\.yaml:1: it is too large/],
    ['YAML that does not parse', 'issuer: "x', /^dex\.yaml:1: /],
    [
      'no issuer',
      edited('issuer: http://dex.auth.svc.cluster.local:5556/dex', 'issuer: ""'),
      /^dex\.yaml:1: issuer is missing/,
    ],
    [
      'an issuer that is no URL',
      edited('http://dex.auth', 'dex.auth'),
      /^dex\.yaml:1: issuer has to be an http/,
    ],
    [
      'a variable nobody set',
      edited('OIDC_CLIENT_SECRET', 'NOPE'),
      /^dex\.yaml:17: staticClients\[0\]\.secretEnv names `NOPE`, which is not set/,
    ],
    [
      'a secret twice',
      `${KUBEFLOW}  secret: x\n`,
      /^dex\.yaml:17: staticClients\[0\]\.secretEnv and `secret` exclude each other/,
    ],
    [
      'a client without secret',
      edited('  secretEnv: OIDC_CLIENT_SECRET\n', ''),
      /^dex\.yaml:14: staticClients\[0\] has neither `secret`/,
    ],
    [
      'a number where a text belongs',
      edited('"15841185641784"', '15841185641784'),
      /^dex\.yaml:12: .*userID has to be a string, put it in quotes/,
    ],
    [
      'a hash that is none',
      edited('hashFromEnv: DEX_USER_PASSWORD', 'hash: 12341234x'),
      /^dex\.yaml:10: .*is not a bcrypt hash/,
    ],
    [
      'a duration that is none',
      `${KUBEFLOW}expiry: { idTokens: 1 day }\n`,
      /^dex\.yaml:18: expiry\.idTokens is `1 day`, not a duration/,
    ],
    [
      'passwords without the database',
      edited('enablePasswordDB: true', 'enablePasswordDB: false'),
      /^dex\.yaml:9: staticPasswords needs/,
    ],
    [
      'a password connector that is none',
      edited('skipApprovalScreen: true', 'passwordConnector: ldap'),
      /^dex\.yaml:6: .*names `ldap`, which is no connector/,
    ],
    [
      'an LDAP connector without host',
      `${KUBEFLOW}connectors: [{ type: ldap, id: l, name: L, config: {} }]\n`,
      /^dex\.yaml:18: .*host is missing/,
    ],
    [
      'two users of one address',
      edited('staticClients:', `- { email: USER@example.com, hash: "${HASH}" }\nstaticClients:`),
      /^dex\.yaml:13: staticPasswords\[1\] has the e-mail address/,
    ],
  ]
  for (const [why, text, problem] of rows) {
    test(`${why} is an error with its line`, () => {
      const { config, problems } = parseDexConfig(text, ENV, { file: 'dex.yaml' })
      assert.equal(config, undefined)
      assert.ok(
        problems.some((one) => one.severity === 'error' && problem.test(renderProblem(one))),
        problems.map(renderProblem).join('\n'),
      )
    })
  }

  test('a field nobody knows, and a connector that cannot be used here, are warnings', () => {
    const { config, problems } = parseDexConfig(
      `${KUBEFLOW}connectors:\n- { type: github, id: github, name: GitHub, config: {} }\nfoo: 1\n`,
      ENV,
      { file: 'mesh.yaml', firstLine: 100 },
    )
    assert.deepEqual(
      problems.map((one) => [one.severity, one.at.line]),
      [
        ['warning', 118],
        ['warning', 119],
      ],
    )
    assert.deepEqual(
      config?.connectors.map(({ id }) => id),
      ['github', 'local'],
    )
  })
})

test('published credentials are known by user and by client', () => {
  const secret = 'pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok'
  const both = parseDexConfig(KUBEFLOW, { ...ENV, OIDC_CLIENT_SECRET: secret }).config
  assert.ok(both)
  assert.deepEqual(publishedCredentials(both), [
    'the password of user@example.com',
    'the secret of client kubeflow-oidc-authservice',
  ])
  const own = { ...both, passwords: [], clients: [] }
  assert.deepEqual(publishedCredentials(own), [])
})

describe('a file of users', () => {
  test('passwords are hashed, ids are stable, the password database opens', async () => {
    const { users, problems } = await parseUsersFile(
      `- { email: Me@example.com, password: secret, groups: [team-a] }\n- { email: b@example.com, hash: "${HASH}", username: bee }`,
    )
    assert.deepEqual(problems, [])
    assert.match(users[0]?.hash ?? '', /^\$2[by]\$12\$/)
    assert.deepEqual(
      users.map(({ username, userId, groups }) => [username, userId, groups]),
      [
        ['Me', 'me@example.com', ['team-a']],
        ['bee', 'b@example.com', []],
      ],
    )
    const { config } = parseDexConfig(
      'issuer: http://x/dex\nconnectors: [{type: ldap, id: l, name: L, config: {host: h, userSearch: {baseDN: b, username: u}}}]',
    )
    assert.ok(config)
    assert.deepEqual(
      withUsers(config, users).connectors.map(({ id }) => id),
      ['l', 'local'],
    )
  })

  for (const [text, problem] of [
    ['- { email: x, password: y }', /users\.yaml:1: \[0\] has no e-mail address/],
    ['users:\n- { email: a@b.c }', /users\.yaml:2: users\[0\] needs either/],
    ['- { email: a@b.c, password: x, hash: y }', /needs either `password` or `hash`/],
    [
      '- { email: a@b.c, password: 12341234 }',
      /users\.yaml:1: \[0\]\.password has to be a string, put it in quotes/,
    ],
    ['- { email: a@b.c, password: "" }', /needs either `password` or `hash`/],
    ['[]', /names no users/],
    ['a: [', /users\.yaml:1/],
  ] as const) {
    test(`${JSON.stringify(text)} is refused`, async () => {
      const { users, problems } = await parseUsersFile(text)
      assert.deepEqual(users, [])
      assert.match(problems.map(renderProblem).join('\n'), problem)
    })
  }
})

test('$VAR is expanded as Go does', () => {
  const env = { A: '1', B_2: '$A' }
  for (const [text, want] of [
    ['$A', '1'],
    ['\u0024{A}x', '1x'],
    ['$B_2', '$A'],
    ['$NOPE.', '.'],
    ['100$', '100$'],
    ['a$$b', 'ab'],
  ] as const) {
    assert.equal(expandEnv(text, env), want, text)
  }
})
