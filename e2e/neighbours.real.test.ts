/**
 * Real neighbours through a whole door: KServe's own model server behind a mesh name, and an LDAP
 * directory behind Dex's face with its chooser.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BrowserLike, signIn } from './browser-like.ts'
import { type Door, run, startDoor } from './door.ts'
import { kservePython } from './parts/kserve.ts'
import { startSlapd } from './parts/ldap.ts'

const namespace = 'kubeflow-user-example-com'
const folder = mkdtempSync(join(tmpdir(), 'kfdoor-neighbours-'))
after(() => rmSync(folder, { recursive: true, force: true }))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

/** A server of somebody else's says nothing when it listens: it is asked until it answers. */
async function listening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const open = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)])
      .catch(() => false) // biome-ignore format: one thought
    socket.destroy()
    if (open) return
    await pause(50)
  }
  throw new Error(`it ended with ${child.exitCode} before it listened on ${port}`)
}

describe('KServe’s own model server behind a mesh name', () => {
  it('answers what is asked of the model through the door', async () => {
    const [rest, grpc] = [await freePort(), await freePort()]
    const script = fileURLToPath(new URL('python/iris_server.py', import.meta.url))
    const server = spawn(await kservePython(), [script, String(rest), String(grpc)], { stdio: 'ignore' })
    let door: Door | undefined
    try {
      await listening(rest, server)
      door = await startDoor(['--upstream', `sklearn-iris-predictor.${namespace}=http://127.0.0.1:${rest}`])
      const { out } = await run(['token', '--service-account', `${namespace}/default-editor`], {
        env: door.env,
      })
      const call = (path: string, body: string) =>
        new BrowserLike((door as Door).ready.caFile).send(
          'POST',
          `${(door as Door).ready.url}/serving/${namespace}/sklearn-iris${path}`,
          { 'content-type': 'application/json', authorization: `Bearer ${out.trim()}` },
          body,
        )
      const answer = await call(
        '/v1/models/sklearn-iris:predict',
        '{"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}',
      )
      assert.equal(answer.status, 200, answer.body)
      assert.deepEqual((JSON.parse(answer.body) as { predictions: number[] }).predictions, [1, 1])
      const wrong = await call('/v1/models/nope:predict', '{"instances": [[1, 2, 3, 4]]}')
      assert.deepEqual([wrong.status, wrong.body], [404, '{"error":"Model with name nope does not exist."}'])
    } finally {
      await door?.stop()
      server.kill()
    }
  })
})

describe('an LDAP directory behind Dex’s face', () => {
  it('signs in through the chooser; a wrong password is refused', async () => {
    const ldif = `dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: cn=jane,dc=example,dc=org
objectClass: inetOrgPerson
cn: jane
sn: doe
mail: janedoe@example.com
userPassword: foo
`
    const slapd = await startSlapd({ ldif })
    const config = join(folder, 'dex.yaml')
    writeFileSync(
      config,
      `issuer: http://dex.auth.svc.cluster.local:5556/dex
storage: {type: memory}
web: {http: 0.0.0.0:5556}
oauth2: {skipApprovalScreen: true}
connectors:
- type: ldap
  id: ldap
  name: LDAP
  config:
    host: 127.0.0.1:${slapd.port}
    insecureNoSSL: true
    userSearch: {baseDN: "dc=example,dc=org", username: mail, idAttr: DN, emailAttr: mail, nameAttr: cn}
enablePasswordDB: true
staticClients:
- {id: kubeflow-oidc-authservice, secret: pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok, name: Dex, redirectURIs: [/oauth2/callback]}
`,
    )
    const door = await startDoor(['--dex-config', config])
    try {
      const attempt = async (password: string) => {
        const browser = new BrowserLike(door.ready.caFile)
        const start = await browser.submit(await browser.open(`${door.ready.url}/`), {})
        const link = /<a[^>]*href="([^"]*\/dex\/auth\/ldap[^"]*)"/
          .exec(start.body)?.[1]
          ?.replaceAll('&amp;', '&')
        assert.ok(link, start.body.slice(0, 300))
        return signIn(browser, new URL(link, start.url).href, { login: 'janedoe@example.com', password })
      }
      assert.equal((await attempt('wrong')).status, 401)
      const page = await attempt('foo')
      assert.equal(page.status, 200)
      assert.match(page.body, /janedoe@example\.com/)
    } finally {
      await door.stop()
      await slapd.close()
    }
  })
})
