/** What a running door promises beyond its first page. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { BrowserLike, signIn } from './browser-like.ts'
import { type Door, run, startDoor } from './door.ts'

const namespace = 'kubeflow-user-example-com'
const user = { login: 'user@example.com', password: '12341234' }
const folder = mkdtempSync(join(tmpdir(), 'kfdoor-features-'))
after(() => rmSync(folder, { recursive: true, force: true }))

async function withDoor(
  args: readonly string[],
  use: (door: Door) => Promise<void>,
  options = {},
): Promise<void> {
  const door = await startDoor(args, options)
  try {
    await use(door)
  } finally {
    await door.stop()
  }
}

const cookieOf = async (door: Door) => {
  const { code, out, err } = await run(['token', '--user', 'user@example.com', '-o', 'cookie'], {
    env: door.env,
  })
  assert.equal(code, 0, err)
  return out.trim()
}

const tokenOf = async (door: Door, account: string) => {
  const { code, out, err } = await run(['token', '--service-account', account], { env: door.env })
  assert.equal(code, 0, err)
  return out.trim()
}

describe('models', () => {
  it('answer by path on 26.03, and other namespaces’ accounts are refused', () =>
    withDoor([], async (door) => {
      const path = `/serving/${namespace}/sklearn-iris/v1/models/sklearn-iris:predict`
      const call = async (headers: Record<string, string>) =>
        new BrowserLike(door.ready.caFile).send(
          'POST',
          door.ready.url + path,
          { 'content-type': 'application/json', ...headers },
          '{"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}',
        )
      const own = await call({
        authorization: `Bearer ${await tokenOf(door, `${namespace}/default-editor`)}`,
      })
      assert.equal(own.status, 200, own.body)
      assert.deepEqual(JSON.parse(own.body), { predictions: [1, 1] })
      assert.equal((await call({ cookie: await cookieOf(door) })).status, 200)
      assert.equal(
        (await call({ authorization: `Bearer ${await tokenOf(door, 'elsewhere/default-editor')}` })).status,
        403,
      )
      assert.equal((await call({})).status, 403)
      assert.equal((await call({ 'kubeflow-userid': 'user@example.com' })).status, 403)
    }))

  it('speak gRPC through TLS, with trailers', () =>
    withDoor([], async (door) => {
      const token = await tokenOf(door, `${namespace}/default-editor`)
      const session = connect(door.ready.url, { ca: readFileSync(door.ready.caFile as string) })
      try {
        const call = async (bearer: string | undefined) => {
          const stream = session.request({
            ':method': 'POST',
            ':path': '/inference.GRPCInferenceService/ServerLive',
            ':authority': `sklearn-irisv2.${namespace}.example.com`,
            'content-type': 'application/grpc',
            te: 'trailers',
            ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
          })
          const seen: Record<string, unknown> = {}
          stream.on('response', (headers) => Object.assign(seen, headers))
          stream.on('trailers', (headers) => Object.assign(seen, headers))
          const parts: Buffer[] = []
          stream.on('data', (part: Buffer) => parts.push(part))
          stream.end(Buffer.from([0, 0, 0, 0, 0]))
          await once(stream, 'close')
          return { status: seen[':status'], grpc: seen['grpc-status'], body: Buffer.concat(parts) }
        }
        const answer = await call(token)
        assert.deepEqual([answer.status, String(answer.grpc)], [200, '0'])
        // ServerLiveResponse{live: true}, after the frame's five bytes.
        assert.deepEqual([...answer.body], [0, 0, 0, 0, 2, 8, 1])
        // A gRPC client is refused in its own words: 403 becomes PERMISSION_DENIED (Envoy, grpc/common.cc).
        assert.equal(String((await call(undefined)).grpc), '7')
      } finally {
        session.close()
      }
    }))

  it('answer 403 to everybody as released, and start-up says so', () =>
    withDoor(['--no-tls', '-f', 'profile:26.03', '-f', releasedModel()], async (door) => {
      const answer = await new BrowserLike(null).send('GET', `${door.ready.url}/v1/models`, {
        host: `sklearn-iris.${namespace}.example.com`,
        cookie: await cookieOf(door),
      })
      assert.equal(answer.status, 403)
      assert.equal(answer.body, 'RBAC: access denied')
    }))
})

/** The demo without the policies it adds. */
function releasedModel(): string {
  const path = join(folder, 'released.yaml')
  writeFileSync(
    path,
    `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: demo-models, namespace: ${namespace}}
spec: {selector: {matchLabels: {component: nothing}}, action: ALLOW, rules: [{}]}
`,
  )
  return path
}

describe('anybody’s YAML', () => {
  const mine = join(folder, 'mine')
  const policy = (paths: string) => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: istio-system}
spec:
  action: DENY
  rules: [{to: [{operation: {paths: [${paths}]}}]}]
`
  const base = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: apps}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: apps}
spec:
  hosts: ["*"]
  gateways: [gw]
  http: [{match: [{uri: {prefix: /a}}], rewrite: {uri: /b}, route: [{destination: {host: svc}}]}]
---
apiVersion: v1
kind: Service
metadata: {name: svc, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
`

  it('is picked up when it changes; a broken edit keeps the last good door', async () => {
    const { mkdirSync } = await import('node:fs')
    mkdirSync(mine, { recursive: true })
    writeFileSync(join(mine, 'base.yaml'), base)
    writeFileSync(join(mine, 'policy.yaml'), policy('/a/closed'))
    await withDoor(['-f', mine, '--echo'], async (door) => {
      const get = (path: string) => new BrowserLike(null).send('GET', door.ready.url + path)
      assert.equal(door.ready.profile, 'custom')
      const open = await get('/a/open?x=1')
      assert.equal(open.status, 200)
      assert.equal((JSON.parse(open.body) as { path: string }).path, '/b/open?x=1')
      assert.equal((await get('/a/closed')).status, 403)
      assert.equal((await get('/nowhere')).status, 404)
      writeFileSync(join(mine, 'policy.yaml'), policy('/a/open'))
      await saidBy(door, /changed YAML/)
      assert.equal((await get('/a/closed')).status, 200)
      assert.equal((await get('/a/open')).status, 403)
      writeFileSync(join(mine, 'policy.yaml'), 'kind: [unclosed\n')
      await saidBy(door, /policy\.yaml:\d+: .*YAML/)
      assert.equal((await get('/a/open')).status, 403)
    })
  })

  it('answers 503 in Envoy’s words where nothing stands behind a name', () =>
    withDoor(['-f', join(mine, 'base.yaml')], async (door) => {
      assert.equal((await new BrowserLike(null).send('GET', `${door.ready.url}/a`)).status, 503)
    }))

  it('reaches a real server put behind a mesh name', async () => {
    const server = createServer((request, response) => response.end(`real ${request.method} ${request.url}`))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      await withDoor(
        ['-f', join(mine, 'base.yaml'), '--upstream', `svc.apps=http://127.0.0.1:${port}`],
        async (door) => {
          const answer = await new BrowserLike(null).send('GET', `${door.ready.url}/a/x`)
          assert.equal(answer.body, 'real GET /b/x')
        },
      )
    } finally {
      server.close()
    }
  })
})

/** Waits until the door has said it. */
async function saidBy(door: Door, what: RegExp): Promise<void> {
  while (!what.test(door.log())) await once(door.child.stderr as NodeJS.ReadableStream, 'data')
}

describe('a certificate in the YAML', () => {
  it('is served, and a changed one from the next connection on', async () => {
    const dir = join(folder, 'own-ca')
    const secretOf = async (name: string) => {
      for (const args of [
        ['ca', 'csr', '--dir', dir, '--name', name],
        ['ca', 'sign', '--dir', dir, join(dir, `${name}.csr`)],
      ]) {
        const { code, err } = await run(args)
        assert.equal(code, 0, err)
      }
      return (await run(['ca', 'secret', '--dir', dir, name, '--secret-name', 'own', '-n', 'istio-system']))
        .out
    }
    assert.equal(
      (await run(['ca', 'init', '--dir', dir, '--name', 'a.localhost', '--name', 'b.localhost'])).code,
      0,
    )
    const yaml = join(folder, 'own-tls.yaml')
    const gateway = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: apps}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 443, name: https, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: own}}
---
`
    writeFileSync(yaml, gateway + (await secretOf('a.localhost')))
    await withDoor(['-f', yaml], async (door) => {
      const { port } = new URL(door.ready.url)
      const { connect: connectTls } = await import('node:tls')
      const served = async () => {
        const socket = connectTls({
          host: '127.0.0.1',
          port: Number(port),
          servername: 'x.localhost',
          rejectUnauthorized: false,
        })
        await once(socket, 'secureConnect')
        const names = socket.getPeerCertificate().subjectaltname
        socket.destroy()
        return names
      }
      assert.equal(await served(), 'DNS:a.localhost')
      writeFileSync(yaml, gateway + (await secretOf('b.localhost')))
      await saidBy(door, /changed YAML/)
      assert.equal(await served(), 'DNS:b.localhost')
    })
  })
})

describe('state', () => {
  it('keeps sessions, keys and certificates over a restart and over kill -9, for its owner only', async () => {
    const state = join(folder, 'state')
    const first = await startDoor([], { state })
    const cookie = await cookieOf(first)
    const ca = join(folder, 'ca.crt')
    copyFileSync(first.ready.caFile as string, ca)
    const token = await tokenOf(first, `${namespace}/default-editor`)
    await first.stop('SIGKILL')
    assert.equal(statSync(state).mode & 0o777, 0o700)
    for (const name of readdirSync(state)) assert.equal(statSync(join(state, name)).mode & 0o077, 0, name)
    await withDoor(
      [],
      async (door) => {
        const health = `${door.ready.url}/pipeline/apis/v2beta1/healthz`
        assert.equal((await new BrowserLike(ca).send('GET', health, { cookie })).status, 200)
        assert.equal(
          (await new BrowserLike(ca).send('GET', health, { authorization: `Bearer ${token}` })).status,
          200,
        )
      },
      { state },
    )
    // Without a running door, its key still signs for machines.
    const { code, out } = await run(['token', '--service-account', 'a/b', '--state', state], {
      env: { ...process.env, XDG_RUNTIME_DIR: folder },
    })
    assert.equal(code, 0)
    assert.equal(out.trim().split('.').length, 3)
  })
})

describe('choices', () => {
  it('--api-errors json tells API callers what to do', () =>
    withDoor(['--api-errors', 'json', '--profile', 'v1.8'], async (door) => {
      const answer = await new BrowserLike(door.ready.caFile).send(
        'GET',
        `${door.ready.url}/pipeline/apis/v2beta1/runs`,
      )
      assert.equal(answer.status, 401)
      const body = JSON.parse(answer.body) as Record<string, string>
      assert.ok(body.error && body.message && body.hint, answer.body)
    }))

  it('--single-user asks Pipelines for no identity', () =>
    withDoor(['--single-user'], async (door) => {
      const health = await new BrowserLike(null).send(
        'GET',
        `${door.ready.direct.pipelines}/apis/v2beta1/healthz`,
      )
      assert.equal((JSON.parse(health.body) as { multi_user: boolean }).multi_user, false)
    }))

  it('--users FILE says who can sign in', async () => {
    const path = join(folder, 'users.yaml')
    writeFileSync(path, 'users:\n- {email: ann@example.com, password: correct horse, groups: [team-a]}\n')
    await withDoor(['--users', path], async (door) => {
      const browser = new BrowserLike(door.ready.caFile)
      const page = await signIn(browser, `${door.ready.url}/`, {
        login: 'ann@example.com',
        password: 'correct horse',
      })
      assert.equal(page.status, 200)
      assert.match(page.body, /ann@example\.com/)
      const other = await signIn(new BrowserLike(door.ready.caFile), `${door.ready.url}/`, user)
      assert.equal(other.status, 401)
    })
  })

  it('--dex-config FILE: a chooser, an approval screen', async () => {
    const path = join(folder, 'dex.yaml')
    writeFileSync(
      path,
      `issuer: http://dex.auth.svc.cluster.local:5556/dex
storage: {type: memory}
web: {http: 0.0.0.0:5556}
oauth2: {skipApprovalScreen: false, alwaysShowLoginScreen: true}
enablePasswordDB: true
staticPasswords:
- {email: user@example.com, hash: "$2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72", username: user, userID: "1"}
staticClients:
- {id: kubeflow-oidc-authservice, secret: pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok, name: Dex, redirectURIs: [/authservice/oidc/callback, /login/oidc]}
`,
    )
    // Dex 2.36, which v1.8 has, asks for approval only where the client forces it.
    for (const [profile, asked] of [
      ['v1.6', true],
      ['v1.8', false],
    ] as const) {
      await withDoor(['--profile', profile, '--dex-config', path], async (door) => {
        const browser = new BrowserLike(door.ready.caFile)
        const chooser = await browser.open(`${door.ready.url}/`)
        const link = /<a[^>]*href="([^"]*\/dex\/auth\/local[^"]*)"/
          .exec(chooser.body)?.[1]
          ?.replaceAll('&amp;', '&')
        assert.ok(link, chooser.body.slice(0, 500))
        const page = await signIn(browser, new URL(link, chooser.url).href, user)
        assert.equal(page.status, 200)
        assert.equal(
          browser.visited.some((line) => line.includes('/dex/approval')),
          asked,
          browser.visited.join('\n'),
        )
      })
    }
  })

  it('-v says each decision with its reason, and no secret', async () => {
    const door = await startDoor(['-v'])
    const cookie = await cookieOf(door)
    await new BrowserLike(door.ready.caFile).send('GET', `${door.ready.url}/?code=secretcode`, { cookie })
    await saidBy(door, /GET localhost:\d+\/ 200 allow/)
    const value = cookie.split('=')[1] as string
    assert.equal(await door.stop('SIGINT'), 0)
    assert.equal(door.log().includes(value), false)
    assert.equal(door.log().includes('secretcode'), false)
  })

  it('Secure stands on cookies of HTTPS answers only', async () => {
    for (const [args, secure] of [
      [[], true],
      [['--no-tls'], false],
    ] as const) {
      await withDoor([...args, '--profile', 'v1.8'], async (door) => {
        const answer = await new BrowserLike(door.ready.caFile).send('GET', `${door.ready.url}/`)
        const cookies = [answer.headers['set-cookie'] ?? []].flat()
        assert.ok(cookies.length > 0)
        for (const cookie of cookies) assert.equal(/;\s*Secure/i.test(cookie), secure, cookie)
      })
    }
  })
})
