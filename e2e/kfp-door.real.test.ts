/** The real kfp SDKs through whole doors: TLS with the door's own CA, a session's cookie, a machine's token. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Door, run, startDoor } from './door.ts'
import { ensureKfp, type KfpTarget, type KfpVersion, walkKfp } from './parts/kfp.ts'

const namespace = 'kubeflow-user-example-com'
const account = `${namespace}/default-editor`

/** Which SDK a person would use with which release. */
const doors: readonly (readonly [profile: string, versions: readonly KfpVersion[]])[] = [
  ['26.03', ['2.17.0', '1.8.22']],
  ['v1.9', ['2.17.0', '1.8.22']],
  ['v1.8', ['2.17.0', '1.8.22']],
  ['v1.6', ['1.8.22']],
]

for (const [profile, versions] of doors) {
  describe(`kfp at ${profile}`, { timeout: 900_000 }, () => {
    let door: Door
    before(async () => {
      for (const version of versions) await ensureKfp(version)
      door = await startDoor(['--profile', profile])
    })
    after(() => door.stop())

    const minted = async (...args: readonly string[]) => {
      const { code, out, err } = await run(['token', ...args], { env: door.env })
      assert.equal(code, 0, err)
      return out.trim()
    }
    const through = (): Pick<KfpTarget, 'host' | 'ca' | 'namespace'> => ({
      host: `${door.ready.url}/pipeline`,
      ca: door.ready.caFile ?? undefined,
      namespace,
    })
    const words = (error: unknown) => String((error as { stderr?: string }).stderr)

    for (const version of versions) {
      it(`${version} walks through the API with the cookie of a session`, async () => {
        const cookies = await minted('--user', 'user@example.com', '-o', 'cookie')
        const seen = await walkKfp(version, { ...through(), cookies })
        assert.equal(seen.multi_user, true)
      })

      it(`${version} past the door: with a token for Pipelines, and not without`, async () => {
        const target = { host: door.ready.direct.pipelines, namespace }
        const token = await minted('--service-account', account, '--audience', 'pipelines.kubeflow.org')
        assert.equal((await walkKfp(version, { ...target, token })).multi_user, true)
        await assert.rejects(walkKfp(version, target), (error) =>
          /there is no user identity header/.test(words(error)),
        )
      })

      it(`${version} is told what is wrong without the CA`, async () => {
        const cookies = await minted('--user', 'user@example.com', '-o', 'cookie')
        await assert.rejects(walkKfp(version, { ...through(), ca: undefined, cookies }), (error) =>
          /certificate verify failed/i.test(words(error)),
        )
      })
    }
  })
}
