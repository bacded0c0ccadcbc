import { addressOf, go, place, type ViewName, viewNames } from '../router.ts'
import { edits, resetEdits, start } from '../state.ts'
import { chooseLanguage, language, t } from '../texts/index.ts'
import { chooseTheme, type Theme, theme } from '../theme.ts'
import { viewTitle } from '../views/titles.ts'

export function Header() {
  const source = start.value?.source.name ?? ''
  return (
    <header class="top">
      <span class="brand">kfdoor</span>
      <span class="source" title={source}>
        {source}
      </span>
      <nav aria-label={t('views')}>
        {viewNames.map((view) => (
          <a
            key={view}
            href={addressOf(view, {})}
            aria-current={place.value.view === view ? 'page' : undefined}
            onClick={(event) => follow(event, view)}
          >
            {viewTitle(view)}
          </a>
        ))}
      </nav>
      {edits.value.size > 0 && (
        <span class="edited">
          <span role="status">{t('edited', edits.value.size)}</span>
          <button type="button" class="quiet" onClick={() => resetEdits()}>
            {t('resetAll')}
          </button>
        </span>
      )}
      <span class="grow" />
      <label class="choice">
        <span class="hidden">{t('language')}</span>
        <select
          autocomplete="off"
          value={language.value}
          onChange={(event) => chooseLanguage(event.currentTarget.value === 'ko' ? 'ko' : 'en')}
        >
          <option value="en" lang="en">
            English
          </option>
          <option value="ko" lang="ko">
            한국어
          </option>
        </select>
      </label>
      <label class="choice">
        <span class="hidden">{t('theme')}</span>
        <select
          autocomplete="off"
          value={theme.value}
          onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}
        >
          <option value="system">{t('themeSystem')}</option>
          <option value="light">{t('themeLight')}</option>
          <option value="dark">{t('themeDark')}</option>
        </select>
      </label>
    </header>
  )
}

/** A plain click stays in the page; with a modifier the browser does what it does. */
function follow(event: MouseEvent, view: ViewName): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
  event.preventDefault()
  go(view)
}
