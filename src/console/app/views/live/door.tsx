/** One door that runs here: its decisions as they are made, and who is signed in. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { readEvents } from '../../event-stream.ts'
import { shortened } from '../../parts/words.tsx'
import { post } from '../../state.ts'
import { t } from '../../texts/index.ts'
import { type Decision, DecisionsTable } from './decisions.tsx'

export interface Door {
  readonly url: string
  readonly sessions: readonly { readonly user: string; readonly sessions: number }[]
  readonly failed?: string
}

const mostDecisions = 200

export function DoorPart({ door, look }: { readonly door: Door; readonly look: () => Promise<void> }) {
  const decisions = useSignal<readonly Decision[]>([])
  const following = useSignal(false)
  /** The door streams: what happens from now on is seen. */
  const streaming = useSignal(false)
  const said = useSignal('')
  const stop = useRef<AbortController | undefined>(undefined)
  const follow = async () => {
    const control = new AbortController()
    stop.current = control
    following.value = true
    said.value = ''
    try {
      const answer = await post('/api/live/decisions', { door: door.url }, control.signal)
      await readEvents(answer, ({ event, data }) => {
        if (event === 'door') streaming.value = true
        else if (event === 'decision')
          decisions.value = [data as Decision, ...decisions.value].slice(0, mostDecisions)
        else if (event === 'failed') said.value = t('failed', (data as { readonly words: string }).words)
      })
    } catch (error) {
      if (!control.signal.aborted) said.value = t('failed', String((error as Error).message))
    }
    following.value = false
    streaming.value = false
  }
  useEffect(() => () => stop.current?.abort(), [])
  const signOut = async (user: string) => {
    const answer = await post('/api/sign-out', { door: door.url, user })
    const { ended = 0 } = answer.ok ? ((await answer.json()) as { readonly ended: number }) : {}
    said.value = answer.ok ? t('liveSignedOut', ended, user) : t('failed', await answer.text())
    await look()
  }
  return (
    <article class="door" aria-label={door.url}>
      <div class="bar">
        <h3>{door.url}</h3>
        {following.value ? (
          <button type="button" onClick={() => stop.current?.abort()}>
            {t('liveStop')}
          </button>
        ) : (
          <button type="button" onClick={follow}>
            {t('liveFollow')}
          </button>
        )}
        <p role="status" class="hint">
          {said.value !== ''
            ? said.value
            : streaming.value && decisions.value.length === 0
              ? t('liveWaiting', door.url)
              : ''}
        </p>
      </div>
      {decisions.value.length > 0 && <DecisionsTable decisions={decisions.value} />}
      <h4>{t('liveSessions')}</h4>
      {door.failed !== undefined ? (
        <p class="note bad">{t('failed', door.failed)}</p>
      ) : door.sessions.length === 0 ? (
        <p class="hint">{t('liveNoSessions')}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{t('liveUser')}</th>
              <th scope="col">{t('liveCount')}</th>
              <th scope="col">{t('liveSignOut')}</th>
            </tr>
          </thead>
          <tbody>
            {door.sessions.map(({ user, sessions }) => (
              <tr key={user}>
                <th scope="row">{shortened(user, 120)}</th>
                <td>{sessions}</td>
                <td>
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`${t('liveSignOut')} ${user}`}
                    onClick={() => signOut(user)}
                  >
                    {t('liveSignOut')}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </article>
  )
}
