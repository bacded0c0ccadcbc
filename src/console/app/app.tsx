import { effect } from '@preact/signals'
import { Header } from './parts/header.tsx'
import { place } from './router.ts'
import { opened, start, startFailed } from './state.ts'
import { language, t } from './texts/index.ts'
import { ChangeView } from './views/change.tsx'
import { FindingsView } from './views/findings.tsx'
import { LiveView } from './views/live.tsx'
import { MapView } from './views/map.tsx'
import { RequestView } from './views/request.tsx'
import { viewTitle } from './views/titles.ts'
import { TokensView } from './views/tokens.tsx'

effect(() => {
  document.documentElement.lang = language.value
  document.title = `${viewTitle(place.value.view)} · ${start.value?.source.name ?? ''} · kfdoor`
})

const views = {
  request: RequestView,
  map: MapView,
  change: ChangeView,
  findings: FindingsView,
  live: LiveView,
  tokens: TokensView,
} as const

export function App() {
  const View = views[place.value.view]
  return (
    <>
      <a class="skip" href="#content">
        {t('skip')}
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        {startFailed.value ? (
          <p class="note bad" role="alert">
            {t('startFailed')}
          </p>
        ) : start.value === undefined || opened.value === undefined ? (
          <>
            <h1 class="view-title">{viewTitle(place.value.view)}</h1>
            <p class="note" role="status">
              {t('loading')}
            </p>
          </>
        ) : (
          <View />
        )}
      </main>
    </>
  )
}
