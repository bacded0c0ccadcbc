/**
 * Two replicas on one persistent Redis, behind a real Envoy, under load, while things break: who must
 * not come in does not, no session that was confirmed is lost, and errors stay where they were announced.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import { redisSessions } from '../src/sign-in/sessions/redis.ts'
import { readRedisOptions } from '../src/sign-in/sessions/redis-options.ts'
import { createSessions } from '../src/sign-in/sessions/sessions.ts'
import { ensureEnvoy } from './parts/envoy.ts'
import { freePort, startNeighbour } from './parts/process.ts'
import { startRedis } from './parts/redis.ts'
import { startWrk } from './parts/wrk.ts'
import { startSeat } from './seat.ts'

/** Announced: so long after a replica died, or Redis came back, requests may still be refused. */
const WINDOW_MS = 3000
const SECONDS = 45

const later = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** Only what a mesh has for it too: the filter, its cluster with a health check, an answer of its own behind. */
const envoyConfig = (port: number, admin: number, seats: readonly number[]) => ({
  admin: { address: { socket_address: { address: '127.0.0.1', port_value: admin } } },
  static_resources: {
    listeners: [
      {
        address: { socket_address: { address: '127.0.0.1', port_value: port } },
        filter_chains: [
          {
            filters: [
              {
                name: 'envoy.filters.network.http_connection_manager',
                typed_config: {
                  '@type':
                    'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                  stat_prefix: 'door',
                  route_config: {
                    virtual_hosts: [
                      {
                        name: 'all',
                        domains: ['*'],
                        routes: [
                          {
                            match: { prefix: '/' },
                            direct_response: { status: 200, body: { inline_string: 'in' } },
                          },
                        ],
                      },
                    ],
                  },
                  http_filters: [
                    {
                      name: 'envoy.filters.http.ext_authz',
                      typed_config: {
                        '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
                        transport_api_version: 'V3',
                        failure_mode_allow: false,
                        status_on_error: { code: 'ServiceUnavailable' },
                        http_service: {
                          server_uri: { uri: 'http://authz', cluster: 'authz', timeout: '5s' },
                        },
                        allowed_headers: { patterns: [{ exact: 'authorization' }, { exact: 'cookie' }] },
                      },
                    },
                    {
                      name: 'envoy.filters.http.router',
                      typed_config: {
                        '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                      },
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
    clusters: [
      {
        name: 'authz',
        type: 'STATIC',
        connect_timeout: '1s',
        health_checks: [
          {
            timeout: '1s',
            interval: '0.25s',
            no_traffic_interval: '0.25s',
            unhealthy_threshold: 1,
            healthy_threshold: 1,
            http_health_check: { path: '/ready' },
          },
        ],
        common_lb_config: { healthy_panic_threshold: { value: 0 } },
        load_assignment: {
          cluster_name: 'authz',
          endpoints: [
            {
              lb_endpoints: seats.map((seat) => ({
                endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: seat } } },
              })),
            },
          ],
        },
      },
    ],
  },
})

test('two replicas on one Redis, while things break', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-replicas-'))
  const closing: (() => Promise<unknown> | unknown)[] = [
    () => rmSync(folder, { recursive: true, force: true }),
  ]
  t.after(async () => {
    for (const close of closing.reverse()) await close()
  })
  const file = (name: string, value: unknown) => {
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value), {
      mode: 0o600,
    })
    return join(folder, name)
  }

  // --- an issuer of machines, whose keys turn over ------------------------------------------------
  const keys = new Map<string, { readonly jwk: object; readonly key: KeyObject }>()
  const addKey = (kid: string) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    keys.set(kid, {
      jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' },
      key: privateKey,
    })
  }
  addKey('one')
  const jwks = createServer((_request, response) =>
    response.end(JSON.stringify({ keys: [...keys.values()].map(({ jwk }) => jwk) })),
  )
  await new Promise<void>((done) => jwks.listen(0, '127.0.0.1', done))
  closing.push(() => jwks.close())
  const issuer = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}`
  const tokenOf = (kid: string, audience = 'door') =>
    new SignJWT({ email: 'job@example.com', email_verified: true })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject('job')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(keys.get(kid)?.key as KeyObject)

  // --- Redis, two replicas, Envoy ---------------------------------------------------------------
  const redis = await startRedis({ persistent: true })
  closing.push(() => redis.close())
  const redisUrl = `redis://127.0.0.1:${redis.port}`
  const ports = [await freePort(), await freePort()] as const
  const config = file('authz.json', {
    scheme: 'http',
    drain: '3s',
    auditLog: 'none',
    signIn: {
      issuer: 'http://dex.auth.svc.cluster.local:5556/dex',
      clientId: 'door',
      clientSecret: 'of this test',
      authorizationUrl: '/dex/auth',
      tokenUrl: 'http://dex.auth.svc.cluster.local:5556/dex/token',
      jwksUrl: 'http://dex.auth.svc.cluster.local:5556/dex/keys',
      loginKeyFile: file('login', randomBytes(32).toString('base64')),
    },
    machines: { issuers: [{ issuer, jwksUri: `${issuer}/keys`, audiences: ['door'], userClaim: 'email' }] },
    sessions: { redis: { url: redisUrl, timeout: '3s' } },
  })
  const start = (port: number) => startSeat(['--config', config, '--listen', `127.0.0.1:${port}`])
  const seats = [await start(ports[0]), await start(ports[1])]
  closing.push(async () => {
    for (const seat of seats) await seat.stop('SIGKILL')
  })
  const door = await freePort()
  const admin = await freePort()
  const url = `http://127.0.0.1:${door}/x`
  const envoy = await startNeighbour(
    await ensureEnvoy(),
    [
      '-c',
      file('envoy.json', envoyConfig(door, admin, ports)),
      '--base-id',
      String(20_000 + (door % 10_000)),
      '--concurrency',
      '1',
      '--log-level',
      'warning',
    ],
    {
      ready: async () =>
        (await (await fetch(`http://127.0.0.1:${admin}/clusters?format=json`)).text()).split(
          '"eds_health_status"',
        ).length > 2,
    },
  )
  closing.push(() => envoy.stop())

  // --- who may come in, and who may not -----------------------------------------------------------
  const store = redisSessions(readRedisOptions({ url: redisUrl, timeoutMs: 5000 }), Date.now)
  closing.push(() => store.close())
  const sessions = createSessions(store, Date.now)
  const user = { subject: 'sub', email: 'user@example.com', groups: [], userId: 'user@example.com' }
  const make = async () => (await sessions.start({ user }, 600_000)).id
  const good = await Promise.all(Array.from({ length: 200 }, make))
  const ended = await Promise.all(Array.from({ length: 50 }, make))
  for (const id of ended) assert.ok(await sessions.end(id))
  const bad = [...ended, ...Array.from({ length: 50 }, () => randomBytes(32).toString('base64url'))]
  const cookie = (id: string) => ['cookie', `kfdoor_session=${id}`] as const
  const bearer = (token: string) => ['authorization', `Bearer ${token}`] as const

  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  closing.push(() => agent.destroy())
  const ask = ([name, value]: readonly [string, string]): Promise<number> =>
    new Promise((done) => {
      const sent = request(url, { agent, headers: { [name]: value } }, (answer) => {
        answer.resume().once('end', () => done(answer.statusCode ?? 0))
      })
      sent.once('error', () => done(0)).end()
    })
  while ((await ask(cookie(good[0] as string))) !== 200) await later(50)

  // --- a watch beside the load: when was somebody refused who may come in? ------------------------
  const began = performance.now()
  const now = () => performance.now() - began
  /** `at` is when it was asked, `to` when the answer came: one that was on its way when something broke belongs to that. */
  const misses: {
    readonly at: number
    readonly to: number
    readonly status: number
    readonly by: 'session' | 'token'
  }[] = []
  let watching = true
  let asked = 0
  let machine = await tokenOf('one')
  const watch = async (by: 'session' | 'token', who: () => readonly [string, string]) => {
    while (watching) {
      const at = now()
      const status = await ask(who())
      asked++
      if (status !== 200) misses.push({ at, to: now(), status, by })
      await later(4)
    }
  }
  let turn = 0
  const alive = new Set(good)
  const someone = () => cookie([...alive][turn++ % alive.size] as string)
  const watches = [
    watch('session', someone),
    watch('session', someone),
    watch('token', () => bearer(machine)),
  ]
  const loads = [
    await startWrk(url, { headers: good.slice(0, 100).map(cookie), connections: 8, seconds: SECONDS }),
    await startWrk(url, {
      headers: [...bad.map(cookie), bearer(await tokenOf('one', 'elsewhere')), ['x-nobody', '1']],
      connections: 4,
      seconds: SECONDS,
    }),
  ]
  const windows: {
    readonly what: string
    readonly from: number
    until: number
    readonly by: 'session' | 'all' | 'none'
  }[] = []
  const during = async (what: string, by: 'session' | 'all' | 'none', work: () => Promise<void>) => {
    const one = { what, from: now(), until: Number.POSITIVE_INFINITY, by }
    windows.push(one)
    await work()
    one.until = now() + WINDOW_MS
    await later(WINDOW_MS)
  }

  await later(2000)
  await during('kill -9 of a replica', 'all', async () => {
    await seats[0]?.stop('SIGKILL')
    await later(1000)
    seats[0] = await start(ports[0])
  })
  await during('kill -9 and restart of Redis', 'session', async () => {
    await redis.stop('SIGKILL')
    await later(1000)
    await redis.start()
  })
  await during('sign-outs', 'none', async () => {
    for (const id of good.slice(150)) {
      alive.delete(id)
      // Asked before it is over at the latest; let those questions pass.
    }
    await later(100)
    for (const id of good.slice(150)) {
      assert.ok(await sessions.end(id))
      assert.notEqual(await ask(cookie(id)), 200, 'a session is over when its sign-out was confirmed')
    }
  })
  addKey('two')
  await during('SIGTERM of a replica', 'none', async () => {
    assert.equal(await seats[1]?.stop('SIGTERM'), 0)
    seats[1] = await start(ports[1])
  })
  await during('new signing keys, the old one withdrawn', 'none', async () => {
    const fresh = await tokenOf('two')
    // A replica asks an issuer again 30 s after it asked last, and takes a key from then on; an issuer
    // publishes a key that long before it signs with it. Meanwhile the old one signs.
    const until = now() + 40_000
    for (let taken = 0; taken < 30; ) {
      assert.ok(now() < until, 'the new key is not taken')
      taken = (await ask(bearer(fresh))) === 200 ? taken + 1 : 0
      if (taken === 0) await later(100)
    }
    machine = fresh
    keys.delete('one')
  })
  const [mine, theirs] = await Promise.all(loads.map(({ done }) => done))
  watching = false
  await Promise.all(watches)

  // --- what is left -------------------------------------------------------------------------------
  const lost: string[] = []
  for (const id of alive) if ((await ask(cookie(id))) !== 200) lost.push(id)
  let admitted = 0
  for (const id of [...bad, ...good.slice(150)]) if ((await ask(cookie(id))) === 200) admitted++
  const lines = windows.map(({ what, from, until, by }) => {
    const own = misses.filter((miss) => miss.to >= from && miss.at <= until)
    const span = own.length === 0 ? 0 : Math.max(...own.map(({ at }) => at)) - from
    return `${what}: ${own.length} refused of those who may (${by === 'none' ? 'none announced' : `last ${Math.round(span)} ms after it began`})`
  })
  const outside = misses.filter(
    ({ at, to, by }) =>
      !windows.some(
        (one) =>
          to >= one.from &&
          at <= one.until &&
          (one.by === 'all' || (one.by === 'session' && by === 'session')),
      ),
  )
  t.diagnostic(
    `load of those who may: ${JSON.stringify(mine)}; of those who may not: ${JSON.stringify(theirs)}`,
  )
  for (const line of lines) t.diagnostic(line)
  for (const { at, status, by } of outside.slice(0, 10))
    t.diagnostic(
      `outside: ${status} by ${by} ${Math.round(at)} ms in; ${windows.map(({ what, from }) => `${what} from ${Math.round(from)}`).join(', ')}`,
    )
  t.diagnostic(
    `watched ${asked} requests over ${Math.round(now() / 1000)} s; ${misses.length} refused, ${outside.length} outside the windows; ${alive.size} sessions at the end, ${lost.length} lost; ${admitted} wrongly admitted`,
  )

  assert.equal(theirs?.statuses['200'] ?? 0, 0, 'somebody came in who may not')
  assert.equal(admitted, 0)
  assert.deepEqual(lost, [])
  assert.deepEqual(outside.slice(0, 10), [])
  assert.ok((mine?.statuses['200'] ?? 0) > 1000)
})
