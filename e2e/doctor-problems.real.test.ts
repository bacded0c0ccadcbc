/**
 * Reported problems, made with real parts: Envoy with what istiod gives it for the release, oauth2-proxy with the
 * release's settings, Dex; and `kfdoor doctor` before them. The releases of today show a page with a button first.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RealDoor, type RealDoorOptions, somebody, startRealDoor, USER } from './peers/real-door.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const tokenOf = (claims: object) => `${part({ alg: 'RS256', kid: 'x' })}.${part(claims)}.c2ln`
const dexIssuer = 'http://dex.auth.svc.cluster.local:5556/dex'
const account = 'system:serviceaccount:team:default-editor'
const later = 4_000_000_000

/** Without the page: straight to Dex. */
const straight = (text: string) => text.replace('skip_provider_button = false', 'skip_provider_button = true')
const elsewhere = (text: string) =>
  text.replace(
    'redirect_url = "/oauth2/callback"',
    'redirect_url = "https://other.example.com/oauth2/callback"',
  )
const forOthers = (text: string) => `${text}\ncookie_domains = ["other.example.com"]\n`
const otherClients = { staticClients: [{ id: 'else', secret: 'x', name: 'x', redirectURIs: ['/x'] }] }
const secure = { OAUTH2_PROXY_COOKIE_SECURE: 'true' }

interface Row {
  readonly why: string
  /** Rows of `tools/doctor-coverage.ts`. */
  readonly rows: string
  readonly door?: RealDoorOptions
  readonly broken?: (door: RealDoor) => Promise<unknown>
  readonly env?: NodeJS.ProcessEnv
  readonly code: number
  readonly want: readonly string[]
}

const rows: readonly Row[] = [
  { why: 'all is well', rows: '-', code: 0, want: ['KFD0312'] },
  {
    why: 'all is well, straight to Dex',
    rows: '-',
    door: { settings: straight },
    code: 0,
    want: ['KFD0312'],
  },
  {
    why: 'all is well, with a session',
    rows: '-',
    env: { KFDOOR_USERNAME: USER.email, KFDOOR_PASSWORD: USER.password },
    // Nothing but an echo stands behind this door.
    code: 1,
    want: ['KFD0314'],
  },
  ...([undefined, straight] as const).flatMap((settings): Row[] => {
    const way = settings === undefined ? 'behind the button' : 'straight to Dex'
    const changed = (change: (text: string) => string) => ({
      settings: (text: string) => change(settings?.(text) ?? text),
    })
    const base = settings === undefined ? {} : { settings }
    return [
      {
        why: `Dex does not know the client, ${way}`,
        rows: 'client 20',
        door: { ...base, dex: otherClients },
        code: 1,
        want: ['KFD0322', 'KFD2113'],
      },
      {
        why: `the callback is at another host, ${way}`,
        rows: 'door 29, door 38, client 15',
        door: changed(elsewhere),
        code: 1,
        want: ['KFD0321'],
      },
      {
        why: `Secure cookies over plain HTTP, ${way}`,
        rows: 'door 25, door 26, client 16, client 19',
        door: { ...base, serviceEnv: secure },
        code: 1,
        want: ['KFD0319'],
      },
      {
        why: `cookies for another domain, ${way}`,
        rows: 'door 26, client 16',
        door: changed(forOthers),
        code: 1,
        want: ['KFD0320'],
      },
      {
        why: `Dex is down, ${way}`,
        rows: 'client 29',
        door: base,
        broken: ({ dex }) => dex.close(),
        code: 1,
        want: ['KFD0322', 'KFD2408'],
      },
    ]
  }),
  {
    why: 'the auth service is down',
    rows: 'door 9, client 21, client 24',
    broken: async ({ service }) => (service as { close?(): Promise<unknown> }).close?.(),
    code: 1,
    want: ['KFD0311', 'KFD2508'],
  },
  {
    why: 'a user Dex does not know',
    rows: 'door 37',
    env: { KFDOOR_USERNAME: 'new@example.com', KFDOOR_PASSWORD: 'wrong' },
    code: 1,
    want: ['KFD0313'],
  },
  {
    why: 'no rule knows the issuer',
    rows: 'door 1, client 5',
    env: { KFDOOR_TOKEN: tokenOf({ iss: 'https://issuer.example', sub: account, exp: later }) },
    code: 1,
    want: ['KFD0313', 'KFD2201'],
  },
  {
    why: 'a managed cluster’s issuer',
    rows: 'door 3',
    env: {
      KFDOOR_TOKEN: tokenOf({
        iss: 'https://oidc.eks.eu-west-1.amazonaws.com/id/ABC',
        sub: account,
        exp: later,
      }),
    },
    code: 1,
    want: ['KFD2203'],
  },
  {
    why: 'the keys of the issuer are not had',
    rows: 'door 4, client 6',
    env: { KFDOOR_TOKEN: tokenOf({ iss: dexIssuer, sub: account, exp: later }) },
    code: 1,
    want: ['KFD0313', 'KFD2204'],
  },
  { why: 'no token at all', rows: '-', env: { KFDOOR_TOKEN: 'abc' }, code: 1, want: ['KFD2212'] },
  {
    why: 'a token that ran out',
    rows: 'client 34',
    env: { KFDOOR_TOKEN: tokenOf({ iss: dexIssuer, sub: account, exp: 1 }) },
    code: 1,
    want: ['KFD0313'],
  },
]

for (const { why, rows: problems, door: options, broken, env, code, want } of rows) {
  test(`${problems}: ${why}: ${want.join(', ')}`, async () => {
    const door = await startRealDoor(options)
    const me = somebody()
    try {
      await broken?.(door)
      const walked = await me.kfdoor(['doctor', door.url, '-o', 'json'], env)
      const { findings } = JSON.parse(walked.out) as {
        findings: { code: string; severity: string; message: string }[]
      }
      const said = findings.map((one) => `${one.code} ${one.message}`).join('\n')
      assert.equal(walked.code, code, said)
      for (const each of want)
        assert.ok(
          findings.some((one) => one.code === each),
          said,
        )
      // A door that works has nothing said against it.
      if (code === 0)
        assert.deepEqual(
          findings.filter(({ severity }) => severity !== 'info'),
          [],
        )
      assert.doesNotMatch(walked.out, /eyJ/)
    } finally {
      me.forget()
      await door.close()
    }
  })
}
