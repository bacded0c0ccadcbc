import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { commandLine } from '../command.ts'
import { readEvents } from '../event-stream.ts'
import { CopyCommand } from '../parts/copy.tsx'
import { shortened, VerdictWord } from '../parts/words.tsx'
import { query, set } from '../router.ts'
import { post, start } from '../state.ts'
import { type TextKey, t } from '../texts/index.ts'

interface Hop {
  readonly hop: string
  readonly state: 'ok' | 'broken' | 'skipped'
  readonly seen: readonly string[]
  readonly findings: readonly { readonly code: string; readonly message: string; readonly fix?: string }[]
}

interface Door {
  readonly url: string
  readonly sessions: readonly { readonly user: string; readonly sessions: number }[]
  readonly failed?: string
}

interface Decision {
  readonly id: string
  readonly at: number
  readonly method: string
  readonly host: string
  readonly path: string
  readonly status: number
  readonly verdict: string
  readonly reason: string
  readonly upstream?: string
  readonly durationMs: number
}

export function LiveView() {
  const doors = useSignal<readonly Door[]>([])
  const asked = useSignal(false)
  const look = async () => {
    const answer = await fetch('/api/doors')
    if (answer.ok) doors.value = (await answer.json()) as readonly Door[]
    asked.value = true
  }
  useEffect(() => void look(), [])
  const url = query.value.get('url') ?? doors.value[0]?.url ?? ''
  return (
    <div class="live">
      <div class="bar">
        <h1 class="view-title">{t('liveTitle')}</h1>
        <span class="grow" />
        <CopyCommand command={commandLine('doctor', url === '' ? 'https://localhost:8443' : url)} />
      </div>
      <Walk url={url} />
      <section aria-labelledby="doors-title">
        <div class="bar">
          <h2 id="doors-title">{t('liveDoors')}</h2>
          <button type="button" class="quiet" onClick={look}>
            {t('liveRefresh')}
          </button>
        </div>
        {asked.value && doors.value.length === 0 && (
          <div class="note">
            <p>{t('liveNoDoors')}</p>
            <CopyCommand label="kfdoor up" command="kfdoor up" />
          </div>
        )}
        {doors.value.map((door) => (
          <DoorPart key={door.url} door={door} look={look} />
        ))}
      </section>
    </div>
  )
}

const states: Readonly<Record<Hop['state'], TextKey>> = {
  ok: 'liveOk',
  broken: 'liveBroken',
  skipped: 'liveSkipped',
}

function Walk({ url }: { readonly url: string }) {
  const hops = useSignal<readonly Hop[]>([])
  const said = useSignal('')
  const busy = useSignal(false)
  const walk = async () => {
    hops.value = []
    busy.value = true
    said.value = t('working')
    try {
      await readEvents(await post('/api/live/walk', { url }), ({ event, data }) => {
        if (event === 'hop') hops.value = [...hops.value, data as Hop]
        else if (event === 'failed') said.value = t('failed', (data as { readonly words: string }).words)
        else if (event === 'walked') said.value = t('liveDone')
      })
    } catch (error) {
      said.value = t('failed', String((error as Error).message))
    }
    busy.value = false
  }
  return (
    <section aria-labelledby="walk-title">
      <div class="bar">
        <h2 id="walk-title">{t('liveWalk')}</h2>
        <span class="hint">{t('liveWalkHint')}</span>
      </div>
      <form
        class="ask"
        autocomplete="off"
        onSubmit={(event) => {
          event.preventDefault()
          void walk()
        }}
      >
        <label class="wide">
          <span>{t('liveUrl')}</span>
          <input
            type="text"
            inputMode="url"
            spellcheck={false}
            autocomplete="off"
            value={url}
            onInput={(event) => set({ url: event.currentTarget.value })}
          />
        </label>
        <button
          type="submit"
          class="primary"
          disabled={busy.value || url === '' || start.value?.canWalk !== true}
        >
          {t('liveStart')}
        </button>
      </form>
      <p role="status" class="hint">
        {said.value}
      </p>
      {hops.value.length > 0 && (
        <div class="scrolls">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('liveHop')}</th>
                <th scope="col">{t('liveState')}</th>
                <th scope="col">{t('liveSeen')}</th>
              </tr>
            </thead>
            <tbody>
              {hops.value.map(({ hop, state, seen, findings }) => (
                <tr key={hop} class={state}>
                  <th scope="row">{hop}</th>
                  <td>
                    <span class={state === 'ok' ? 'good-words' : state === 'broken' ? 'bad-words' : 'hint'}>
                      {t(states[state])}
                    </span>
                  </td>
                  <td>
                    {shortened(seen.join(' · '), 300)}
                    {findings.map((finding) => (
                      <span class="message" key={finding.code + finding.message}>
                        <code>{finding.code}</code> {shortened(finding.message, 400)}
                        {finding.fix && <em> {shortened(finding.fix, 400)}</em>}
                      </span>
                    ))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

const mostDecisions = 200

function DoorPart({ door, look }: { readonly door: Door; readonly look: () => Promise<void> }) {
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

function DecisionsTable({ decisions }: { readonly decisions: readonly Decision[] }) {
  return (
    <div class="scrolls decisions" tabIndex={0} role="log" aria-label={t('liveDecisions')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('liveTime')}</th>
            <th scope="col">{t('request')}</th>
            <th scope="col">{t('verdict')}</th>
            <th scope="col">{t('code')}</th>
            <th scope="col">{t('to')}</th>
          </tr>
        </thead>
        <tbody>
          {decisions.map((one) => (
            <tr key={one.id}>
              <td class="time">{new Date(one.at).toISOString().slice(11, 23)}</td>
              <td>
                <code>
                  {one.method} {shortened(one.host + one.path, 140)}
                </code>
              </td>
              <td>
                <VerdictWord verdict={one.verdict} /> {one.status}
              </td>
              <td>
                <code>{one.reason}</code>
              </td>
              <td>{shortened(one.upstream?.split('|')[3] ?? one.upstream ?? '', 100)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
