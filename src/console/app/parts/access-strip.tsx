import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Change } from '../../engine/look.ts'
import { addressOf, go } from '../router.ts'
import { changeBetween, edits, opened, start } from '../state.ts'
import { t } from '../texts/index.ts'

/** What an edit does to everybody, in one line, as one types. */
export function AccessStrip() {
  const found = useSignal<Change | undefined>(undefined)
  const working = useSignal(false)
  const failed = useSignal('')
  const now = opened.value?.inputs
  const before = start.value?.source.inputs
  const differs = edits.value.size > 0
  useEffect(() => {
    if (!differs || now === undefined || before === undefined || now === before) return
    let over = false
    working.value = true
    changeBetween(before, now)
      .then((change) => {
        if (over || change === undefined) return
        failed.value = ''
        found.value = change
        working.value = false
      })
      .catch((error: unknown) => {
        if (over) return
        failed.value = String((error as Error).message)
        working.value = false
      })
    return () => {
      over = true
    }
  }, [now, before, differs])
  if (!differs) return null
  const access = found.value?.access
  return (
    <section class="strip" aria-label={t('accessNow')}>
      <span class="strip-title">{t('accessNow')}</span>
      <span role="status">
        {failed.value !== ''
          ? t('failed', failed.value)
          : working.value || access === undefined
            ? t('comparing')
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
