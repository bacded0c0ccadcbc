/**
 * Signing in where it cannot go well: each door wrong in its own way, and each answer a code, a cause and
 * the next command, without a stack trace and without a credential that went anywhere.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createRawServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type } from '../src/cli/a-terminal.fixture.ts'
import { createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../src/pki/index.ts'

const PASSWORD = 'correct-horse-battery'
const home = mkdtempSync(join(tmpdir(), 'kfdoor-bad-'))
const env = { HOME: home, KFDOOR_USERNAME: 'me@example.com', KFDOOR_PASSWORD: PASSWORD }
const open: Server[] = []
after(() => {
  for (const server of open) server.close()
  rmSync(home, { recursive: true, force: true })
})

/** Everything anybody was sent, to look for secrets in it. */
const received: string[] = []
async function listen(server: Server): Promise<number> {
  open.push(server)
  server.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  server.unref()
  return (server.address() as AddressInfo).port
}
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => {
      body += part
    })
    request.on('end', () => {
      received.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body}`)
      answer(request, response)
    })
  })
  return `http://127.0.0.1:${await listen(server)}`
}

const html = { 'content-type': 'text/html; charset=utf-8' }
const form =
  '<form method="post" action="/dex/auth/local/login?state=1"><input name="login"><input name="password" type="password"></form>'
const authorize =
  '/dex/auth?client_id=kubeflow&redirect_uri=%2Fauthservice%2Foidc%2Fcallback&response_type=code&state=s'
/** A door like oidc-authservice with Dex, up to the form; what follows is the row's own. */
const door =
  (
    posted: (response: ServerResponse, request: IncomingMessage) => void,
    got: Record<string, (response: ServerResponse) => void> = {},
  ): RequestListener =>
  (request, response) => {
    const path = (request.url ?? '').split('?')[0] as string
    const own = got[path]
    if (own) own(response)
    else if (request.method === 'POST') posted(response, request)
    else if (path === '/dex/auth')
      response.writeHead(302, { location: '/dex/auth/local/login?state=1' }).end()
    else if (path === '/dex/auth/local/login') response.writeHead(200, html).end(form)
    else response.writeHead(302, { location: authorize, 'set-cookie': 'oidc_state_csrf=s; Path=/' }).end()
  }
const callback = '/authservice/oidc/callback'
const back = (response: ServerResponse) =>
  response.writeHead(303, { location: `${callback}?code=c&state=s` }).end()
const dexError = (words: string) => (response: ServerResponse) =>
  response
    .writeHead(400, html)
    .end(`<title>dex</title><h2 class="theme-heading">Bad Request</h2><p>${words}</p>`)

interface Row {
  readonly why: string
  readonly url: () => Promise<string>
  readonly args?: readonly string[]
  readonly says: RegExp
  readonly code: number
}

let elsewhere: string
before(async () => {
  elsewhere = await serve((_, response) => response.writeHead(200, html).end(form))
})

async function closedPort(): Promise<string> {
  const server = createRawServer()
  const port = await listen(server)
  await new Promise((done) => server.close(done))
  return `http://127.0.0.1:${port}`
}

const clock = Date.now
async function tls(names: readonly string[], days?: number, at = clock): Promise<string> {
  const authority = await createAuthority({ names: doorNames(['localhost', ...names]), clock: at })
  const key = await generateKey('ecdsa')
  const { createPublicKey } = await import('node:crypto')
  const cert = await issueLeaf(authority, {
    names: doorNames(names),
    publicKey: createPublicKey(key),
    clock: at,
    days,
  })
  return `https://localhost:${await listen(createTlsServer({ key: keyPem(key), cert: cert + authority.certPem }, door(back)))}`
}

const rows: readonly Row[] = [
  {
    why: 'unknown host',
    url: async () => 'https://no-such-door.invalid',
    says: /KFD1801: there is no host `no-such-door\.invalid`; .*VPN/,
    code: 3,
  },
  {
    why: 'refused port',
    url: closedPort,
    says: /KFD1802: nothing listens on port \d+ of `127\.0\.0\.1`; .*whether the door runs/,
    code: 3,
  },
  {
    why: 'no HTTP at all',
    url: async () =>
      `http://127.0.0.1:${await listen(createRawServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')))}`,
    says: /KFD1803: cannot reach .*does not speak HTTP/,
    code: 3,
  },
  {
    why: 'plain HTTP where TLS was typed',
    url: async () => (await serve(door(back))).replace('http:', 'https:'),
    says: /KFD1803: .*does not speak TLS on this port; try `http:\/\/`/,
    code: 3,
  },
  {
    why: 'TLS where plain HTTP was typed',
    url: async () => (await tls(['localhost'])).replace('https:', 'http:'),
    says: /KFD1803: cannot reach/,
    code: 3,
  },
  {
    why: 'a web site',
    url: () => serve((_, response) => response.writeHead(200, html).end('<title>Welcome to nginx!</title>')),
    says: /KFD1805: .*not a Kubeflow door: .*Welcome to nginx!.*check the address/,
    code: 2,
  },
  {
    why: 'an API of something else',
    url: () =>
      serve((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}')),
    says: /KFD1805/,
    code: 2,
  },
  {
    why: 'nothing at that path',
    url: () => serve((_, response) => response.writeHead(404).end()),
    says: /KFD1805: .*it answers 404/,
    code: 2,
  },
  {
    why: 'a gateway without a route',
    url: () => serve((_, response) => response.writeHead(404, { server: 'istio-envoy' }).end()),
    says: /KFD1805: .*knows no route for that host and path/,
    code: 2,
  },
  {
    why: 'a door that is down',
    url: () =>
      serve((_, response) => response.writeHead(503, { server: 'istio-envoy' }).end('no healthy upstream')),
    says: /KFD1803: .*503: no healthy upstream/,
    code: 3,
  },
  {
    why: 'an authority nobody knows',
    url: () => tls(['localhost']),
    says: /KFD1804: the certificate of `https:\/\/localhost:\d+` is not trusted[\s\S]*issuer {3}CN=[\s\S]*names {4}localhost[\s\S]*SHA-256 {2}([0-9A-F]{2}:){31}[0-9A-F]{2}[\s\S]*--certificate-authority FILE`[\s\S]*--trust-certificate ([0-9A-F]{2}:){31}/,
    code: 3,
  },
  {
    why: 'a certificate for other names',
    url: async () => tls(['kubeflow.localhost']),
    args: [],
    says: /KFD1804: [\s\S]*kubeflow\.localhost/,
    code: 3,
  },
  {
    why: 'a fingerprint the door does not have',
    url: () => tls(['localhost']),
    args: ['--trust-certificate', 'AA'.repeat(32)],
    says: /KFD0100: `localhost:\d+` shows no certificate with that SHA-256; it shows /,
    code: 2,
  },
  {
    why: 'a wrong password, answered 200',
    url: () =>
      serve(
        door((response) =>
          response
            .writeHead(200, html)
            .end(`${form}<div id="login-error">Invalid Email Address and password.</div>`),
        ),
      ),
    says: /KFD1811: the door says: Invalid Email Address and password\. \(as `me@example\.com`\)/,
    code: 4,
  },
  {
    why: 'a wrong password, answered 401',
    url: () =>
      serve(
        door((response) =>
          response.writeHead(401, html).end(`${form}<div class="alert alert-danger">Nope.</div>`),
        ),
      ),
    says: /KFD1811: the door says: Nope\./,
    code: 4,
  },
  {
    why: 'too many attempts',
    url: () =>
      serve(
        door((response) =>
          response
            .writeHead(429, { ...html, 'retry-after': '30' })
            .end(`${form}<p class="error">Too many attempts.</p>`),
        ),
      ),
    says: /KFD1819: .*Too many attempts\..*in 30 s/,
    code: 5,
  },
  {
    why: 'an expired login request',
    url: () => serve(door(dexError('User session error.'))),
    says: /KFD1817: .*User session error\..*`kfdoor login/,
    code: 5,
  },
  {
    why: 'an expired login request of an old Dex',
    url: () => serve(door(dexError('Login session expired.'))),
    says: /KFD1817: .*Login session expired/,
    code: 5,
  },
  {
    why: 'a CSRF failure',
    url: () =>
      serve(
        door(back, {
          [callback]: (response) =>
            response
              .writeHead(400, { 'content-type': 'text/plain' })
              .end(
                'CSRF check failed. This may happen if you opened the login form in more than 1 tabs. Please try to login again.',
              ),
        }),
      ),
    says: /KFD1818: .*CSRF check failed\..*`kfdoor login/,
    code: 5,
  },
  {
    why: 'the identity provider says no',
    url: () =>
      serve(
        door(back, {
          [callback]: (response) =>
            response
              .writeHead(403, html)
              .end('<h1>Forbidden</h1><div>Login Failed: not in the allowed group</div>'),
        }),
      ),
    says: /KFD1824: the door refused the sign-in \(403\): Login Failed: not in the allowed group/,
    code: 5,
  },
  {
    why: 'Dex does not know the callback',
    url: () => serve(door(back, { '/dex/auth': dexError('Unregistered redirect_uri ("/login/oidc").') })),
    says: /KFD1824: .*Unregistered redirect_uri/,
    code: 5,
  },
  {
    why: 'a redirect loop before the form',
    url: () =>
      serve(
        door(back, { '/dex/auth': (response) => response.writeHead(302, { location: authorize }).end() }),
      ),
    says: /KFD1814: the door redirects in a loop: \/dex\/auth -> \/dex\/auth/,
    code: 5,
  },
  {
    why: 'a session that is not kept',
    url: () =>
      serve(
        door(back, {
          [callback]: (response) =>
            response
              .writeHead(302, { location: '/', 'set-cookie': 'authservice_session=x; Domain=other.example' })
              .end(),
        }),
      ),
    says: /KFD1814: the door redirects in a loop/,
    code: 5,
  },
  {
    why: 'a connector that signs in elsewhere',
    url: async () => {
      const to = `${elsewhere}/login/oauth/authorize?client_id=a&redirect_uri=b&response_type=code`
      return serve(
        door(back, {
          '/dex/auth': (response) => response.writeHead(302, { location: '/dex/auth/github?x=1' }).end(),
          '/dex/auth/github': (response) => response.writeHead(302, { location: to }).end(),
        }),
      )
    },
    says: /KFD1812: connector `github` signs people in at http:\/\/127\.0\.0\.1:\d+, which needs a browser; run `kfdoor login http:\/\/127\.0\.0\.1:\d+\/ --browser --connector github`/,
    code: 4,
  },
  {
    why: 'an identity provider elsewhere, without Dex between',
    url: async () => {
      const to = `${elsewhere}/authorize?client_id=a&redirect_uri=b&response_type=code`
      return serve((_, response) => response.writeHead(302, { location: to }).end())
    },
    says: /KFD1812: this door signs people in at http:\/\/127\.0\.0\.1:\d+, which needs a browser; .*--browser`, or, .*`--trust-origin http/,
    code: 4,
  },
  {
    why: 'a redirect to another site',
    url: () => serve((_, response) => response.writeHead(302, { location: `${elsewhere}/` }).end()),
    says: /KFD1813: .*another site, `http:\/\/127\.0\.0\.1:\d+`; no credential was sent there/,
    code: 5,
  },
  {
    why: 'a redirect to another site with the password in hand (307 keeps the body)',
    url: () => serve(door((response) => response.writeHead(307, { location: `${elsewhere}/take` }).end())),
    says: /KFD1813/,
    code: 5,
  },
  {
    why: 'a form that posts to another site',
    url: () =>
      serve(
        door(back, {
          '/dex/auth/local/login': (response) =>
            response.writeHead(200, html).end(form.replace('/dex/auth/local/login', `${elsewhere}/take`)),
        }),
      ),
    says: /KFD1813/,
    code: 5,
  },
  {
    why: 'several connectors and none named',
    url: () =>
      serve(
        door(back, {
          '/dex/auth': (response) =>
            response
              .writeHead(200, html)
              .end(
                '<a href="/dex/auth/local?a=1">Log in with Email</a><a href="/dex/auth/ldap?a=1">Log in with LDAP</a>',
              ),
        }),
      ),
    says: /KFD1810: .*`local` \(Email\), `ldap` \(LDAP\); choose one with `--connector ID`/,
    code: 2,
  },
  {
    why: 'a connector the door does not have',
    args: ['--connector', 'saml'],
    url: () =>
      serve(
        door(back, {
          '/dex/auth': (response) =>
            response.writeHead(200, html).end('<a href="/dex/auth/local?a=1">Log in with Email</a>'),
        }),
      ),
    says: /KFD1810: the door has no connector `saml`: `local` \(Email\)/,
    code: 2,
  },
  {
    why: 'an HTML answer of 5 MB instead of a form',
    url: () =>
      serve(
        door(back, {
          '/dex/auth': (response) =>
            response.writeHead(200, html).end(`<title>Portal</title>${'<div class=x>'.repeat(400_000)}`),
        }),
      ),
    says: /KFD1816: .*answers 200 with a page \(Portal\)/,
    code: 5,
  },
  {
    why: 'an HTML page of 5 MB as the first answer',
    url: () =>
      serve((_, response) =>
        response.writeHead(200, html).end(`<title>Big</title>${'<a href="/x">y</a>'.repeat(300_000)}`),
      ),
    says: /KFD1805: .*Big/,
    code: 2,
  },
  {
    why: 'words that would drive a terminal',
    url: () =>
      serve(
        door((response) =>
          response.writeHead(401, html).end(`${form}<p class="error">no\u001b[2J\u202Etxt</p>`),
        ),
      ),
    says: /KFD1811: the door says: no \[2J txt \(as/,
    code: 4,
  },
]

for (const { why, url, args = [], says, code } of rows) {
  test(`${why} is exit ${code} and one clear line`, async () => {
    const ran = await type(['login', await url(), ...args], { env })
    assert.match(ran.err, says)
    assert.equal(ran.code, code)
    assert.equal(ran.out, '')
    assert.doesNotMatch(ran.err, /\n\s+at |KFD0199|correct-horse/)
  })
}

test('no other site was sent a password, a cookie or anything else', () => {
  const taken = received.filter((one) => one.includes('/take') || one.includes('/login/oauth'))
  assert.deepEqual(taken, [])
  const posts = received.filter((one) => one.includes(PASSWORD))
  assert.ok(posts.length > 0 && posts.every((one) => one.startsWith('POST /dex/auth/local/login')))
})

test('a clock off by an hour is said, and the session keeps its whole life', async () => {
  const ahead = new Date(Date.now() + 3_600_000).toUTCString()
  const expires = new Date(Date.now() + 25 * 3_600_000).toUTCString()
  const url = await serve((request, response) => {
    response.setHeader('date', ahead)
    door(back, {
      [callback]: (response) =>
        response
          .writeHead(302, {
            location: '/',
            'set-cookie': `authservice_session=x; Path=/; Expires=${expires}`,
          })
          .end(),
      ...(request.headers.cookie?.includes('authservice_session')
        ? { '/': (response: ServerResponse) => response.writeHead(200).end('hello') }
        : {}),
    })(request, response)
  })
  const { out, err, code } = await type(['login', url, '-o', 'json'], { env })
  assert.match(err, /KFD1825: the clock of this machine is 60 min behind the door's/)
  assert.equal(code, 0)
  const { expiresAt } = JSON.parse(out) as { expiresAt: string }
  assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 24 * 3_600_000) < 60_000, expiresAt)
})

test('skipping verification is loud and is not remembered', async () => {
  const url = await tls(['localhost'])
  const { err } = await type(['login', url, '--insecure-skip-tls-verify'], { env })
  assert.match(err, /KFD1826: WARNING: certificates are not verified/)
  assert.match((await type(['login', url], { env })).err, /KFD1804/)
})
