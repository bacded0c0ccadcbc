/**
 * The main job, on every profile: a door starts, a client that knows only HTML signs in, lists
 * pipelines and gets a prediction; without credentials it is shut as the release shuts it.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { BrowserLike, signIn } from './browser-like.ts'
import { type Door, run, startDoor } from './door.ts'

const user = { login: 'user@example.com', password: '12341234' }
const namespace = 'kubeflow-user-example-com'
const v1 = JSON.stringify({ instances: [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]] }) // biome-ignore format: one row a flower
const json = { 'content-type': 'application/json' }

interface Release {
  readonly profile: string
  readonly cookie: string
  /** Status of a browser's first page and of an API call without credentials. */
  readonly page: number
  readonly api: number
  /** How a wrong password is answered. */
  readonly wrongPassword: number
  readonly externalHost: boolean
  /** Whether a service account's token opens the models from outside. */
  readonly machines: boolean
  readonly health: string
}

const releases: readonly Release[] = [
  { profile: '26.03', cookie: 'oauth2_proxy_kubeflow', page: 403, api: 401, wrongPassword: 401, externalHost: true, machines: true, health: '/pipeline/apis/v2beta1/healthz' },
  { profile: 'v1.9', cookie: 'oauth2_proxy_kubeflow', page: 403, api: 401, wrongPassword: 401, externalHost: false, machines: true, health: '/pipeline/apis/v2beta1/healthz' },
  { profile: 'v1.8', cookie: 'authservice_session', page: 302, api: 302, wrongPassword: 401, externalHost: false, machines: true, health: '/pipeline/apis/v2beta1/healthz' },
  { profile: 'v1.6', cookie: 'authservice_session', page: 302, api: 302, wrongPassword: 200, externalHost: true, machines: false, health: '/pipeline/apis/v1beta1/healthz' },
] // biome-ignore format: a table

for (const release of releases) {
  describe(`up --profile ${release.profile}`, () => {
    let door: Door
    before(async () => {
      door = await startDoor(['--profile', release.profile])
    })
    after(async () => {
      assert.equal(await door.stop(), 0, door.log())
    })
    const url = (path: string) => door.ready.url + path
    const aBrowser = () => new BrowserLike(door.ready.caFile)

    it('prints one ready line with everything other programs need', () => {
      assert.equal(door.ready.ready, true)
      assert.match(door.ready.url, /^https:\/\/localhost:\d+$/)
      assert.match(door.ready.httpUrl, /^http:\/\/localhost:\d+$/)
      assert.equal(door.ready.issuer, 'http://dex.auth.svc.cluster.local:5556/dex')
      assert.equal(door.ready.profile, release.profile)
      assert.equal(door.ready.pid, door.child.pid)
      assert.ok(door.ready.listeners.length >= 2)
    })

    it('answers without credentials as the release does', async () => {
      const browser = aBrowser()
      assert.equal((await browser.send('GET', url('/'))).status, release.page)
      assert.equal((await browser.send('GET', url(release.health))).status, release.api)
    })

    it('sends plain HTTP to HTTPS, to the outer port', async () => {
      const answer = await aBrowser().send('GET', `${door.ready.httpUrl}/pipeline/?a=b`)
      assert.equal(answer.status, 301)
      assert.equal(answer.headers.location, url('/pipeline/?a=b'))
    })

    it('refuses a wrong password', async () => {
      const browser = aBrowser()
      const answer = await signIn(browser, url('/'), { ...user, password: 'wrong' })
      assert.equal(answer.status, release.wrongPassword)
      assert.match(answer.body, /login-error/)
      assert.equal(browser.cookies.has(release.cookie), false)
    })

    it('signs in through whatever it shows, and a session opens Pipelines', async () => {
      const browser = aBrowser()
      const page = await signIn(browser, url('/'), user)
      assert.equal(page.status, 200, page.body.slice(0, 400))
      assert.match(page.body, /user@example\.com/)
      if (release.profile === 'v1.6') assert.match(page.body, /href="\/logout"/)
      assert.ok(browser.cookies.has(release.cookie))
      const health = await browser.send('GET', url(release.health))
      assert.equal(health.status, 200)
      assert.equal((JSON.parse(health.body) as { multi_user: boolean }).multi_user, true)
    })

    it('gives the owner a prediction, and nobody without a session', async () => {
      const browser = aBrowser()
      await signIn(browser, url('/'), user)
      const call = (who: BrowserLike) =>
        release.externalHost
          ? who.send(
              'POST',
              url('/v1/models/sklearn-iris:predict'),
              { ...json, host: `sklearn-iris.${namespace}.example.com` },
              v1,
            )
          : who.send(
              'POST',
              `${local(door).url}/v1/models/sklearn-iris:predict`,
              { ...json, host: `sklearn-iris.${namespace}.svc.cluster.local` },
              v1,
            )
      const answer = await call(browser)
      if (release.externalHost) {
        assert.equal(answer.status, 200, answer.body)
        assert.deepEqual(JSON.parse(answer.body), { predictions: [1, 1] })
        assert.notEqual((await call(aBrowser())).status, 200)
      }
    })

    it('lets a service account in where the release does', async () => {
      const { code, out, err } = await run(
        [
          'token',
          '--service-account',
          `${namespace}/default-editor`,
          '--audience',
          'istio-ingressgateway.istio-system.svc.cluster.local',
          '--duration',
          '1h',
        ],
        { env: door.env },
      )
      assert.equal(code, 0, err)
      const answer = await aBrowser().send('GET', url(release.health), {
        authorization: `Bearer ${out.trim()}`,
      })
      assert.equal(answer.status, release.machines ? 200 : release.api)
    })

    it('does not let a client name itself', async () => {
      for (const name of ['kubeflow-userid', 'Kubeflow-UserID', 'kubeflow_userid']) {
        const answer = await aBrowser().send('GET', url('/'), { [name]: 'admin@example.com' })
        assert.notEqual(answer.status, 200, name)
        assert.doesNotMatch(answer.body, /admin@example\.com/)
      }
    })

    it('ends a session at sign-out, for a copied cookie too', async () => {
      const browser = aBrowser()
      await signIn(browser, url('/'), user)
      const copied = browser.cookieHeader()
      if (release.cookie === 'authservice_session') {
        const session = browser.cookies.get(release.cookie) as string
        const path = release.profile === 'v1.6' ? '/logout' : '/authservice/logout'
        const method = release.profile === 'v1.6' ? 'GET' : 'POST'
        await browser.send(method, url(path), { authorization: `Bearer ${session}` })
      } else await browser.send('GET', url('/oauth2/sign_out'))
      assert.equal(
        (await aBrowser().send('GET', url(release.health), { cookie: copied })).status,
        release.api,
      )
    })
  })
}

function local(door: Door): { readonly url: string } {
  const found = door.ready.listeners.find(({ gateway }) => gateway.includes('local'))
  assert.ok(found, 'a local gateway listens')
  return found
}

describe('up, other ways', () => {
  it('mints a session for the local door', async () => {
    const door = await startDoor()
    try {
      const { code, out, err } = await run(['token', '--user', 'user@example.com', '-o', 'cookie'], {
        env: door.env,
      })
      assert.equal(code, 0, err)
      const answer = await new BrowserLike(door.ready.caFile).send('GET', `${door.ready.url}/`, {
        cookie: out.trim(),
      })
      assert.equal(answer.status, 200)
      assert.match(answer.body, /user@example\.com/)
    } finally {
      await door.stop()
    }
  })

  it('serves plain HTTP only with --no-tls', async () => {
    const door = await startDoor(['--no-tls'])
    try {
      assert.equal(door.ready.url, door.ready.httpUrl)
      assert.equal(door.ready.caFile, null)
      const browser = new BrowserLike(null)
      assert.equal((await signIn(browser, `${door.ready.url}/`, user)).status, 200)
    } finally {
      await door.stop()
    }
  })

  it('lets nobody reach a model as released, without the demo', async () => {
    const door = await startDoor(['--no-demo'])
    try {
      const browser = new BrowserLike(door.ready.caFile)
      const page = await signIn(browser, `${door.ready.url}/`, user)
      assert.equal(page.status, 200)
    } finally {
      await door.stop()
    }
  })
})
