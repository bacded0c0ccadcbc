/**
 * The door after `tls enable`, for curl: every Kubeflow we know, its gateway in a real Envoy, with a certificate
 * of `kfdoor ca`. What curl trusts, where port 80 sends it, and who is asked to sign in.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { startWholeDoors, type WholeDoor } from '../conformance/envoy/whole-door.ts'
import { enableTls } from '../src/planner/index.ts'
import { compileDoor } from '../src/policy/index.ts'
import { aWorld } from './change/intent-world.ts'
import { run } from './door.ts'

const host = 'kubeflow.example.com'
const secret = 'kubeflow-tls'
const folder = mkdtempSync(join(tmpdir(), 'kfdoor-tls-door-'))
const root = join(folder, 'ca.crt')
const pem = (name: string) => ({ text: readFileSync(join(folder, name), 'utf8') })

const profiles = ['26.03', 'v1.9', 'v1.8', 'v1.6'] as const
const standing = profiles.map((profile) => {
  const world = aWorld([`profiles/${profile}/release`])
  const { mesh } = world.after(enableTls(world, { secret }).changes)
  const engine = { fetched: () => JSON.stringify({ keys: [] }) }
  return { mesh, engine, door: compileDoor(mesh, engine) }
})

let running: Awaited<ReturnType<typeof startWholeDoors>>
before(async () => {
  for (const words of ['init', 'server']) {
    const { code, err } = await run(['ca', words, '--dir', folder, '--name', host])
    assert.equal(code, 0, err)
  }
  running = await startWholeDoors(standing, {
    certificate: (namespace, name) =>
      namespace === 'istio-system' && name === secret
        ? { chain: pem(`${host}.crt`), key: pem(`${host}.key`) }
        : undefined,
    // The sign-in, whatever is asked.
    answer: () => ({ status: 302, headers: [['location', '/sign-in']] }),
  })
})
after(async () => {
  await running?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Everything a caller may claim. */
const claims = [
  'kubeflow-userid: user@example.com',
  'x-auth-request-email: user@example.com',
  'x-forwarded-proto: https',
  'x-forwarded-port: 443',
  'x-forwarded-for: 10.0.0.1',
  'x-envoy-original-path: /dex/',
].flatMap((line) => ['-H', line])

for (const [index, profile] of profiles.entries()) {
  describe(`${profile} after tls enable`, () => {
    /** Status, where it sends, and curl's own verdict of the certificate (0 = trusted). */
    async function curl(url: string, ...words: readonly string[]): Promise<string> {
      const { door } = standing[index] as (typeof standing)[number]
      const whole = running.doors[index] as WholeDoor
      const places = [80, 443].map((port) => {
        const inner = port === 80 ? 8080 : 8443
        const proxy = door.gateways.find((each) => whole.at(each, inner) !== undefined)
        assert.ok(proxy, `no gateway listens on ${inner}`)
        assert.equal(whole.refusal(proxy, inner), undefined)
        const at = whole.at(proxy, inner)
        return ['--connect-to', `:${port}:${at?.address}:${at?.port}`]
      })
      const { stdout } = await promisify(execFile)('curl', [
        ...['-sS', '--noproxy', '*', '--path-as-is', '-o', join(folder, 'body')],
        ...['-w', '%{http_code} %{redirect_url} %{ssl_verify_result}'],
        ...places.flat(),
        ...words,
        url,
      ])
      return stdout
    }
    const trusting = ['--cacert', root]

    test('443 shows the certificate, and asks to sign in', async () => {
      const sent = `302 https://${host}/sign-in 0`
      assert.equal(await curl(`https://${host}/`, ...trusting), sent)
      assert.equal(await curl(`https://${host}/pipeline/`, ...trusting, ...claims), sent)
      // Over HTTP/2 curl 7 trips now and then over an answer that comes before its body was read.
      const post = ['--http1.1', '-X', 'POST', '-d', 'x']
      assert.equal(await curl(`https://${host}/jupyter/`, ...trusting, ...post), sent)
    })

    test('who does not know the root, or asks for another name, does not take it', async () => {
      await assert.rejects(curl(`https://${host}/`), /SSL certificate problem/)
      await assert.rejects(curl('https://other.example.com/', ...trusting), /no alternative certificate/)
    })

    test('80 only says where it is', async () => {
      for (const path of ['/', '/pipeline/?a=1&b=%2F', '/dex/auth', '/oauth2/start', '//x']) {
        for (const words of [
          [],
          claims,
          ['-X', 'POST', '-d', 'x'],
          ['-X', 'OPTIONS'],
          ['-X', 'DELETE'],
          ['-I'],
        ]) {
          const said = await curl(`http://${host}${path}`, ...words)
          assert.equal(said.replace(/ 0$/, ''), `301 https://${host}${path}`, words.join(' '))
        }
      }
      // As the gateway reads the path, not as it was sent.
      assert.equal(await curl(`http://${host}/a/../b`), `301 https://${host}/b 0`)
      assert.equal(await curl('http://other.example.com/', ...claims), '301 https://other.example.com/ 0')
    })

    test('a browser that follows the redirect comes to the sign-in over https', async () => {
      const said = await curl(`http://${host}/`, ...trusting, '-L', '--max-redirs', '1').catch(
        (error) => error.stdout,
      )
      assert.equal(said, `302 https://${host}/sign-in 0`)
    })

    test('plain text is not answered on 443', async () => {
      await assert.rejects(curl(`http://${host}:443/`, ...claims))
    })
  })
}
