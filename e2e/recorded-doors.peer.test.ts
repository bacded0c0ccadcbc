/**
 * Ways through doors of real parts. With `UPDATE_RECORDINGS=1` the conversations are kept, under `KFDOOR_DEX_TAG`
 * where `KFDOOR_DEX` names another Dex than the one built here.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type RealDoorOptions, startRealDoor, USER } from './peers/real-door.ts'
import { record } from './peers/recorded.ts'
import { startRecorder } from './peers/recorder.ts'
import { type Walk, walk } from './peers/walks.ts'

const tag = process.env.KFDOOR_DEX_TAG ?? 'ab64ed7'
const user: Walk = { username: USER.email, password: USER.password }
const wrong: Walk = { ...user, password: 'wrong' }
const asks = (text: string) => text.replace('prompt = "none"', 'prompt = ""')
const callback = 'http://dex.auth.svc.cluster.local:5556/dex/callback'

const doors: readonly (RealDoorOptions & {
  readonly name: string
  readonly walks: Readonly<Record<string, Walk>>
})[] = [
  { name: 'as released', walks: { 'signs in': user, 'a wrong password': wrong } },
  {
    name: 'with approval',
    dex: { oauth2: { skipApprovalScreen: false } },
    walks: { 'prompt=none': user },
  },
  {
    name: 'with approval, asking',
    dex: { oauth2: { skipApprovalScreen: false } },
    settings: asks,
    walks: { 'signs in': user },
  },
  {
    name: 'with connectors, no button',
    settings: (text) => text.replace('skip_provider_button = false', 'skip_provider_button = true'),
    dex: {
      connectors: [
        {
          type: 'mockPassword',
          id: 'directory',
          name: 'Directory',
          config: { username: 'kilgore', password: 'trout' },
        },
        {
          type: 'github',
          id: 'github',
          name: 'GitHub',
          config: { clientID: 'a', clientSecret: 'b', redirectURI: callback },
        },
      ],
    },
    walks: {
      'by name': { username: 'kilgore', password: 'trout', connector: 'Directory' },
      'the password database': { ...user, connector: 'local' },
      'a wrong password': { ...wrong, connector: 'local' },
      elsewhere: { ...user, connector: 'github' },
      'none chosen': user,
    },
  },
]

for (const { name, walks, ...options } of doors)
  describe(`oauth2-proxy 7.15.6 and Dex ${tag}, ${name}`, () => {
    const kept: object[] = []
    after(() =>
      record(`doors/oauth2-proxy-7.15.6.dex-${tag}.${name.replaceAll(/\W+/g, '-')}`, {
        about: `oauth2-proxy 7.15.6 and Dex ${tag}, ${name}`,
        walks: kept,
      }),
    )
    test('each way ends as it should', async () => {
      const door = await startRealDoor(options)
      try {
        for (const [about, given] of Object.entries(walks)) {
          const recorder = await startRecorder(door.url)
          const ended = await walk(recorder.url, given, recorder.now)
          await recorder.close()
          kept.push({ name: about, given, ended, exchanges: recorder.exchanges })
          const refused =
            given.password === 'wrong'
              ? 'ERR_CREDENTIALS_WRONG'
              : given.connector === 'github'
                ? 'ERR_NEEDS_BROWSER'
                : about === 'none chosen'
                  ? 'ERR_CONNECTOR_CHOICE'
                  : about === 'prompt=none' && tag === 'ab64ed7'
                    ? 'ERR_SIGN_IN_REFUSED'
                    : undefined
          assert.deepEqual(
            [about, ended.fault, ended.signedOut],
            [about, refused, refused ? undefined : true],
          )
        }
      } finally {
        await door.close()
      }
    })
  })
