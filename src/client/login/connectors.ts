import { Fault } from '../../base/index.ts'
import type { Page } from '../page/html.ts'
import type { Connector } from './outcome.ts'

export interface OfferedConnector extends Connector {
  readonly url: URL
}

/**
 * The connectors a chooser page offers: links one step below the page itself, `/dex/auth` →
 * `/dex/auth/ldap`. Their names are what a person reads on the buttons.
 */
export function connectorsOn(page: Page, at: URL): readonly OfferedConnector[] {
  const base = at.pathname.replace(/\/$/, '')
  const found = new Map<string, OfferedConnector>()
  for (const { href, text } of page.links) {
    if (href.origin !== at.origin || !href.pathname.startsWith(`${base}/`)) continue
    const [id = ''] = href.pathname.slice(base.length + 1).split('/')
    if (id === '' || found.has(id)) continue
    const name = text.replace(/^(?:log|sign)[ -]?in (?:with|using|via) /i, '')
    found.set(decode(id), { id: decode(id), name: name || decode(id), url: href })
  }
  return [...found.values()]
}

/**
 * @throws Fault ERR_CONNECTOR_CHOICE when several are offered and none, or another one, was named: a
 *   password is not tried on one connector after the other
 */
export function chooseConnector(
  offered: readonly OfferedConnector[],
  asked: string | undefined,
): OfferedConnector {
  const wanted = asked?.toLowerCase()
  const found =
    wanted === undefined
      ? offered.length === 1
        ? offered[0]
        : undefined
      : (offered.find(({ id }) => id === asked) ??
        offered.find(({ id, name }) => id.toLowerCase() === wanted || name.toLowerCase() === wanted))
  if (found) return found
  throw new Fault('ERR_CONNECTOR_CHOICE', {
    asked,
    connectors: offered.map(({ id, name }) => ({ id, name })),
  })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
