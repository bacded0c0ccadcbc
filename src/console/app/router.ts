import { computed, signal } from '@preact/signals'

/** Where the page is: a view and what it shows, all of it in the address, none of it secret. */
export interface Place {
  readonly view: ViewName
  readonly query: URLSearchParams
}

export const viewNames = ['request', 'map', 'change', 'findings', 'live', 'tokens'] as const
export type ViewName = (typeof viewNames)[number]

export const place = signal<Place>(read())
export const query = computed(() => place.value.query)

function read(): Place {
  const name = location.pathname.slice(1)
  const view = viewNames.find((one) => one === name) ?? 'request'
  return { view, query: new URLSearchParams(location.search) }
}

window.addEventListener('popstate', () => {
  place.value = read()
})

export function addressOf(view: ViewName, query: URLSearchParams | Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString()
  return `/${view}${text === '' ? '' : `?${text}`}`
}

/** Goes to a view; `keep` replaces the entry of the history, as while one types. */
export function go(
  view: ViewName,
  query: URLSearchParams | Readonly<Record<string, string>> = {},
  keep = false,
): void {
  const address = addressOf(view, query)
  if (keep) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  place.value = read()
}

/** Sets parts of the query of the view one is in; '' takes a part away. */
export function set(parts: Readonly<Record<string, string | readonly string[]>>, keep = true): void {
  const next = new URLSearchParams(place.value.query)
  for (const [name, value] of Object.entries(parts)) {
    next.delete(name)
    for (const one of [value].flat()) if (one !== '') next.append(name, one)
  }
  go(place.value.view, next, keep)
}
