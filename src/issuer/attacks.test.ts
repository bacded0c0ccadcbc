/** The corpus of attacks, the rows that aim at the issuer: each must be refused as the row says. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { sharedPath } from '../../tools/shared.ts'
import { aBench, aCode, aConfig, aConnector, authPath, type Bench, ORIGIN } from './testing.ts'

interface Row {
  readonly id: string
  readonly class: string
  readonly why: string
  readonly must: string
  readonly request: {
    readonly method: string
    readonly path: string
    readonly headers: Record<string, string>
    readonly body: string | { readonly form: Record<string, string> } | null
  }
}

const SECRET = 'client-secret'
const VERIFIER = 'a-verifier-of-at-least-43-characters-0123456789'
const client = {
  client_id: 'kfdoor',
  redirect_uri: `${ORIGIN}/oauth2/callback`,
  code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  code_challenge_method: 'S256',
}

const file = sharedPath('attacks/sign-in.jsonl')
if (file === undefined) {
  test('attacks on the issuer (left out: no shared folder beside the checkout)', { skip: true }, () => {})
} else {
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
    .filter((row) => row.class === 'issuer' || row.class === 'ldap-injection')
  describe('attacks on the issuer', () => {
    for (const row of rows) {
      test(`${row.id}: ${row.why}`, async () => {
        const bench = await anIssuer()
        const answer = await send(bench, row, await fillings(bench, row))
        const allowed = JSON.parse(/\[.*\]/.exec(row.must)?.[0] ?? '[]') as number[]
        assert.ok(allowed.includes(answer.status), `${answer.status}: ${await answer.text()}`)
        assert.equal(answer.headers.get('location'), null)
      })
    }

    test('the same exchanges with everything right succeed', async () => {
      const bench = await anIssuer()
      const code = await aCode(bench, client)
      const answer = await bench.post('/dex/token', {
        grant_type: 'authorization_code',
        code,
        redirect_uri: client.redirect_uri,
        client_id: 'kfdoor',
        client_secret: SECRET,
        code_verifier: VERIFIER,
      })
      assert.equal(answer.status, 200)
    })
  })
}

function anIssuer(): Promise<Bench> {
  const kfdoor = {
    id: 'kfdoor',
    secret: SECRET,
    name: 'kfdoor',
    redirectUris: [client.redirect_uri],
    public: false,
    trustedPeers: [],
  }
  // Lets in whoever is named exactly so: a name that was changed on the way would get in or fail.
  const ldap = aConnector({
    id: 'ldap',
    name: 'LDAP',
    type: 'ldap',
    login: async (name) => {
      assert.notEqual(name, 'janedoe@example.com')
      return { kind: 'wrong' }
    },
  })
  return aBench({
    config: {
      clients: [kfdoor],
      connectors: [
        { kind: 'local', id: 'local', name: 'Email' },
        { kind: 'elsewhere', id: 'ldap', name: 'LDAP', type: 'ldap' },
      ],
      oauth2: aConfig().oauth2,
    },
    connectors: [aConnector(), ldap],
  })
}

async function fillings(bench: Bench, row: Row): Promise<Record<string, string>> {
  const text = JSON.stringify(row.request)
  const filled: Record<string, string> = { 'client-secret': SECRET }
  if (text.includes('{{code:user}}')) filled['code:user'] = await aCode(bench, client)
  if (text.includes('{{state}}')) {
    const form = await bench.get(authPath(client, '/dex/auth/ldap'))
    filled.state = new URL(form.headers.get('location') ?? '', ORIGIN).searchParams.get('state') ?? ''
  }
  if (text.includes('{{refresh:used}}') || text.includes('{{token:user}}')) {
    const credentials = { client_id: 'kfdoor', client_secret: SECRET }
    const login = {
      grant_type: 'password',
      username: 'u',
      password: '12341234',
      scope: 'openid offline_access',
    }
    const tokens = (await (await bench.post('/dex/token', { ...credentials, ...login })).json()) as {
      refresh_token: string
      id_token: string
    }
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
    assert.equal((await bench.post('/dex/token', { ...credentials, ...refresh })).status, 200)
    filled['refresh:used'] = tokens.refresh_token
    filled['token:user'] = tokens.id_token
  }
  return filled
}

function send(bench: Bench, { request }: Row, filled: Record<string, string>): Promise<Response> {
  const fill = (text: string) =>
    text.replace(/\{\{([^}]*)\}\}/g, (_, name: string) => filled[name] ?? assert.fail(`nothing for ${name}`))
  const { body } = request
  const text = typeof body === 'string' ? fill(body) : body && new URLSearchParams(body.form).toString()
  return bench.issuer.handle(
    new Request(new URL(fill(request.path), ORIGIN), {
      method: request.method,
      headers: request.headers,
      ...(text === null ? {} : { body: text }),
    }),
  )
}
