/**
 * Real conversations with real Dex servers, put to this issuer: same statuses, same redirects, same
 * markers on the pages. Ids, codes and HMACs differ and are carried along.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { sharedPath } from '../../tools/shared.ts'
import type { DexConfig } from './config.ts'
import { aBench, aConfig, aConnector, type Bench, ORIGIN } from './testing.ts'

interface Exchange {
  readonly request: { readonly method: string; readonly url: string; readonly body: string | null }
  readonly response: {
    readonly status: number
    readonly headers: readonly (readonly [string, string])[]
    readonly body: string
  }
}

const folder = sharedPath('fixtures/login-flows')
if (folder === undefined) {
  test('recorded sign-ins (left out: no shared folder beside the checkout)', { skip: true }, () => {})
} else {
  for (const file of globSync('*.json', { cwd: folder }).sort()) {
    const name = basename(file, '.json')
    const { exchanges } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { exchanges: Exchange[] }
    const dex = exchanges.filter(({ request }) => pathOf(request.url).startsWith('/dex/'))
    describe(name, () => {
      if (name.includes('dex-2.24')) {
        test('as Dex 2.24', () => replay(name, 'v2.24.0', dex))
      } else {
        // Recorded from Dex after 2.45, which goes through `/dex/auth?hmac=…` once more.
        test('as Dex after 2.45', () => replay(name, 'v2.46.0', dex))
        // 2.45 itself shows the screen, whatever `prompt` says.
        if (!name.includes('refused'))
          test('as Dex 2.45', () => replay(name, 'v2.45.0', withoutDispatch(dex)))
      }
    })
  }
}

async function replay(name: string, tag: string, exchanges: readonly Exchange[]): Promise<void> {
  const bench = await benchOf(name, tag)
  const names = new Map<string, string>()
  for (const { request, response } of exchanges) {
    const url = substitute(request.url, names)
    const about = `${request.method} ${pathOf(request.url)}`
    const answer =
      request.method === 'POST'
        ? await bench.post(
            url,
            Object.fromEntries(new URLSearchParams(substitute(request.body ?? '', names))),
          )
        : await bench.get(url)
    const body = await answer.text()
    assert.equal(answer.status, response.status, about)
    assert.equal(answer.headers.get('set-cookie'), null, `${about}: no cookie`)

    const recorded = response.headers.find(([header]) => header === 'location')?.[1]
    const location = answer.headers.get('location') ?? undefined
    learn(recorded, location, names)
    assert.equal(location, recorded && substitute(recorded, names), `${about}: location`)
    if (
      response.headers.some(([header, value]) => header === 'content-type' && value.startsWith('text/html'))
    ) {
      assert.match(answer.headers.get('content-type') ?? '', /^text\/html; charset=utf-8$/)
    }
    if (response.body.includes('<html')) {
      learn(reqOf(response.body), reqOf(body), names)
      assert.deepEqual(markersOf(body), markersOf(substitute(response.body, names)), `${about}: markers`)
    } else if (response.body.startsWith('{')) {
      const wanted = JSON.parse(response.body) as Record<string, unknown>
      const { grant_types_supported: _, ...got } = JSON.parse(body) as Record<string, unknown>
      for (const [member, value] of Object.entries(got)) {
        if (tag === 'v2.45.0' && member === 'claims_supported') continue
        assert.deepEqual(value, wanted[member], `${about}: ${member}`)
      }
    }
  }
}

async function benchOf(name: string, tag: string): Promise<Bench> {
  const ldap = name.includes('-ldap')
  const connectors: DexConfig['connectors'] = ldap
    ? [
        { kind: 'elsewhere', id: 'ldap', name: 'OpenLDAP', type: 'ldap' },
        { kind: 'local', id: 'local', name: 'Email' },
      ]
    : [{ kind: 'local', id: 'local', name: 'Email' }]
  const oauth2 = { ...aConfig().oauth2, skipApprovalScreen: !name.includes('-approval') }
  return aBench({
    tag,
    config: { connectors, oauth2 },
    connectors: [
      aConnector(),
      ...(ldap ? [aConnector({ id: 'ldap', name: 'OpenLDAP', type: 'ldap', password: 'foo' })] : []),
    ],
  })
}

/** 2.36–2.45 answers the form with what the dispatcher answers later: that hop is left out. */
function withoutDispatch(exchanges: readonly Exchange[]): Exchange[] {
  return exchanges.flatMap((exchange, index) => {
    if (/\/dex\/auth\?hmac=/.test(exchange.request.url)) return []
    const location = exchange.response.headers.find(([header]) => header === 'location')?.[1] ?? ''
    const next = exchanges[index + 1]
    if (!location.startsWith('/dex/auth?hmac=') || !next) return [exchange]
    return [
      {
        request: exchange.request,
        response: {
          ...next.response,
          headers: next.response.headers.filter(([name]) => name === 'location'),
          body: '',
        },
      },
    ]
  })
}

/** Same place, same members: the values that a server makes up are ours from here on. */
function learn(recorded: string | undefined, ours: string | undefined, names: Map<string, string>): void {
  if (recorded === undefined || ours === undefined) return
  const [theirs, mine] = [recorded, ours].map((one) => new URL(one, ORIGIN).searchParams) as [
    URLSearchParams,
    URLSearchParams,
  ]
  const isLogin = pathOf(recorded).endsWith('/login')
  for (const member of ['req', 'hmac', 'code', ...(isLogin ? ['state'] : [])]) {
    const [from, to] = [theirs.get(member), mine.get(member)]
    if (from === null || to === null) continue
    if (member !== 'hmac') assert.match(to, /^[a-z][a-z2-7]{24}$/, `${member} looks like Dex's`)
    names.set(from, to)
  }
}

function reqOf(body: string): string | undefined {
  const [, id] = /(?:name="req" value="|href="\/dex\/auth\/[^"?]*\?req=)([^"&]*)"/.exec(body) ?? []
  return id && `/?req=${id}`
}

function substitute(text: string, names: ReadonlyMap<string, string>): string {
  let result = text
  for (const [from, to] of names) result = result.replaceAll(from, to)
  return result
}

/** What clients look for on a page, whatever it looks like. */
function markersOf(body: string) {
  const all = (pattern: RegExp) => [...body.matchAll(pattern)].map((match) => plain(match[1] ?? '').trim())
  return {
    heading: all(/<h2 class="theme-heading">([^<]*)<\/h2>/g),
    actions: all(/<form[^>]* action="([^"]*)"/g),
    methods: all(/<form[^>]* method="([^"]*)"/g),
    inputs: all(/<input[^>]* name="([^"]*)"/g),
    approval: all(/name="approval" value="([^"]*)"/g),
    labels: all(/<label[^>]*>([^<]*)</g),
    typed: all(/name="login"[^>]* value="([^"]+)"/g),
    buttons: all(/<span class="dex-btn-text">([^<]*)</g),
    links: all(/<a\b[^>]*href="(\/dex\/auth\/[^"]*)"/g),
    error: all(/<div id="login-error" class="dex-error-box"[^>]*>([^<]*)</g),
    scopes: all(/<li>([^<]*)<\/li>/g).sort(),
  }
}

function plain(text: string): string {
  return text
    .replaceAll('&#43;', '+')
    .replaceAll('&#34;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

function pathOf(url: string): string {
  return new URL(url, ORIGIN).pathname
}
