/** Python's `requests`, which follows redirects and fills in forms, signs in at every profile. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Door, startDoor } from './door.ts'
import { ensureVenv } from './parts/python.ts'

const script = fileURLToPath(new URL('python/sign_in.py', import.meta.url))
const run = promisify(execFile)

const releases: readonly (readonly [profile: string, cookie: string])[] = [
  ['26.03', 'oauth2_proxy_kubeflow'],
  ['v1.9', 'oauth2_proxy_kubeflow'],
  ['v1.8', 'authservice_session'],
  ['v1.6', 'authservice_session'],
]

for (const [profile, cookie] of releases) {
  describe(`requests at ${profile}`, () => {
    let door: Door
    let python: string
    before(async () => {
      python = await ensureVenv('requests', ['requests==2.32.5'])
      door = await startDoor(['--profile', profile])
    })
    after(() => door.stop())

    const attempt = async (password: string) => {
      const { stdout } = await run(python, [
        script,
        `${door.ready.url}/`,
        door.ready.caFile ?? '-',
        'user@example.com',
        password,
      ])
      return JSON.parse(stdout) as { signed_in: boolean; cookies: string[]; status: number }
    }

    it('gets in', async () => {
      const answer = await attempt('12341234')
      assert.equal(answer.signed_in, true, JSON.stringify(answer))
      assert.ok(answer.cookies.includes(cookie))
    })

    it('is refused with a wrong password', async () => {
      const answer = await attempt('wrong')
      assert.equal(answer.signed_in, false)
      assert.equal(answer.cookies.includes(cookie), false)
    })
  })
}
