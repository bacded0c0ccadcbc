/** The steps of `kfdoor doctor`, shown as they are taken. */
import { useSignal } from '@preact/signals'
import { readEvents } from '../../event-stream.ts'
import { shortened } from '../../parts/words.tsx'
import { set } from '../../router.ts'
import { post, start } from '../../state.ts'
import { type TextKey, t } from '../../texts/index.ts'

interface Hop {
  readonly hop: string
  readonly state: 'ok' | 'broken' | 'skipped'
  readonly seen: readonly string[]
  readonly findings: readonly { readonly code: string; readonly message: string; readonly fix?: string }[]
}

const states: Readonly<Record<Hop['state'], TextKey>> = {
  ok: 'liveOk',
  broken: 'liveBroken',
  skipped: 'liveSkipped',
}

export function Walk({ url }: { readonly url: string }) {
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
