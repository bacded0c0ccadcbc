import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Change } from '../../engine/look.ts'
import { addressOf, go } from '../router.ts'
import { changeBetween, edits, inputs, opened, start } from '../state.ts'
import { t } from '../texts/index.ts'

/** What an edit does to everybody, in one line, as one types. */
export function AccessStrip() {
  const found = useSignal<{ readonly of: unknown; readonly change?: Change; readonly failed?: string }>({
    of: undefined,
  })
  const now = opened.value?.inputs
  const before = start.value?.source.inputs
  const differs = edits.value.size > 0
  useEffect(() => {
    if (!differs || now === undefined || before === undefined || now === before) return
    let over = false
    changeBetween(before, now)
      .then((change) => {
        if (!over && change !== undefined) found.value = { of: now, change }
      })
      .catch((error: unknown) => {
        if (!over) found.value = { of: now, failed: String((error as Error).message) }
      })
    return () => {
      over = true
    }
  }, [now, before, differs])
  if (!differs) return null
  const { of, change, failed } = found.value
  const access = change?.access
  const busy = of !== now || now !== inputs.value
  return (
    <section class="strip" aria-label={t('accessNow')} aria-busy={busy}>
      <span class="strip-title">{t('accessNow')}</span>
      <span role="status">
        {of !== now
          ? t('comparing')
          : access === undefined
            ? t('failed', failed ?? '')
            : access.gained.length + access.lost.length + access.changed.length === 0
              ? t('accessSame')
              : t(
                  'accessCounts',
                  access.gained.length,
                  access.lost.length,
                  access.public.length,
                  access.changed.length,
                )}
      </span>
      <a
        href={addressOf('change', {})}
        onClick={(event) => {
          event.preventDefault()
          go('change')
        }}
      >
        {t('accessShow')}
      </a>
    </section>
  )
}
