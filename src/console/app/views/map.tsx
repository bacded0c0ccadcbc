import { useComputed, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { aroundText } from '../../../cli/map/around.ts'
import type { AccessMapped, PlainRow } from '../../engine/look.ts'
import { commandLine, doorWords } from '../command.ts'
import { type MapFilter, publicRoutes, tableOf } from '../map-model.ts'
import { CopyCommand } from '../parts/copy.tsx'
import { MapGrid } from '../parts/map-grid.tsx'
import { shortened } from '../parts/words.tsx'
import { addressOf, go, query, set } from '../router.ts'
import { mapOf, opened } from '../state.ts'
import { aroundWords } from '../texts/engine-words.ts'
import { type TextKey, t } from '../texts/index.ts'

const verdicts = ['allow', 'challenge', 'deny', 'redirect', 'not-found', 'unavailable', 'unknown'] as const
const mostPublic = 12

export function MapView() {
  const found = useSignal<AccessMapped | undefined>(undefined)
  const failed = useSignal('')
  const now = opened.value?.inputs
  useEffect(() => {
    if (now === undefined) return
    let over = false
    mapOf(now)
      .then((map) => {
        if (over || map === undefined) return
        failed.value = ''
        found.value = map
      })
      .catch((error: unknown) => {
        if (!over) failed.value = String((error as Error).message)
      })
    return () => {
      over = true
    }
  }, [now])
  const filter = useComputed(() => filterOf(query.value))
  const table = useComputed(() => tableOf(found.value?.rows ?? [], filter.value))
  const { lines, columns } = table.value
  const open = (row: number, column: number) => {
    const best = lines[row]?.cells[column]?.rows[0]
    if (best) openRow(best)
  }
  return (
    <div class="map">
      <div class="bar">
        <h1 class="view-title">{t('mapTitle')}</h1>
        <span class="grow" />
        <CopyCommand command={commandLine('map', ...doorWords())} />
      </div>
      {failed.value !== '' && (
        <p class="note bad" role="alert">
          {t('failed', failed.value)}
        </p>
      )}
      {found.value === undefined ? (
        <p class="note" role="status" aria-busy="true">
          {t('mapBuilding')}
        </p>
      ) : (
        <>
          <PublicPart map={found.value} />
          <Filters filter={filter.value} />
          <p class="hint" role="status">
            {t('mapCells', lines.length, columns.length, lines.length * columns.length)}
          </p>
          {lines.length === 0 ? (
            <p class="note">{t('mapEmpty')}</p>
          ) : (
            <MapGrid table={table.value} open={open} />
          )}
        </>
      )}
    </div>
  )
}

function filterOf(parts: URLSearchParams): MapFilter {
  return {
    text: parts.get('route') ?? '',
    who: parts.get('who') ?? '',
    verdict: parts.get('verdict') ?? '',
    forged: parts.get('forged') === 'yes',
    fold: parts.get('fold') !== 'no',
  }
}

/** The request of a cell, as its own view. */
function openRow({ principal, witness }: PlainRow): void {
  go('request', requestOf(principal, witness))
}

export function requestOf(principal: string, witness: PlainRow['witness']): URLSearchParams {
  const parts = new URLSearchParams({ method: witness.method, url: witness.url, as: principal })
  for (const [name, value] of witness.headers) {
    // The forged ones come with the principal.
    if (!(principal.endsWith('+forged') && value === 'admin@example.com'))
      parts.append('header', `${name}: ${value}`)
  }
  return parts
}

function PublicPart({ map }: { readonly map: AccessMapped }) {
  const open = publicRoutes(map.rows)
  return (
    <section class="public" aria-labelledby="public-title">
      <h2 id="public-title">{t('mapPublic')}</h2>
      {open.length === 0 ? (
        <p class="good-words">{t('mapPublicNone')}</p>
      ) : (
        <ul>
          {open.slice(0, mostPublic).map((row) => (
            <li key={`${row.door} ${row.route.id} ${row.route.match}`}>
              <a
                href={addressOf('request', requestOf(row.principal, row.witness))}
                onClick={(event) => {
                  event.preventDefault()
                  openRow(row)
                }}
              >
                {row.witness.method} {shortened(row.witness.url, 120)}
              </a>{' '}
              <span class="hint">
                {shortened(row.route.match, 60)} · {shortened(row.route.id, 90)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {open.length > mostPublic && <p class="hint">{t('mapPublicMore', open.length - mostPublic)}</p>}
      {map.around.length > 0 && (
        <>
          <h2 class="warn-title">{t('mapAround')}</h2>
          <ul>
            {map.around.slice(0, 20).map((row) => (
              <li key={`${row.kind} ${row.object} ${row.port} ${row.service}`}>
                {shortened(aroundWords(aroundText(row)), 240)}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  )
}

function Filters({ filter }: { readonly filter: MapFilter }) {
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()} autocomplete="off">
      <label>
        <span>{t('mapFilter')}</span>
        <input
          type="search"
          autocomplete="off"
          value={filter.text}
          onInput={(event) => set({ route: event.currentTarget.value })}
        />
      </label>
      <label>
        <span>{t('mapWho')}</span>
        <input
          type="search"
          autocomplete="off"
          value={filter.who}
          onInput={(event) => set({ who: event.currentTarget.value })}
        />
      </label>
      <label>
        <span>{t('mapVerdict')}</span>
        <select
          autocomplete="off"
          value={filter.verdict}
          onChange={(event) => set({ verdict: event.currentTarget.value })}
        >
          <option value="">{t('mapAny')}</option>
          {verdicts.map((one) => (
            <option key={one} value={one}>
              {t(one as TextKey)}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={filter.forged}
          onChange={(event) => set({ forged: event.currentTarget.checked ? 'yes' : '' })}
        />
        {t('mapForged')}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={filter.fold}
          onChange={(event) => set({ fold: event.currentTarget.checked ? '' : 'no' })}
        />
        {t('mapFold')}
      </label>
    </form>
  )
}
