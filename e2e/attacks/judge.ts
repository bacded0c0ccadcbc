import { headerOf } from './browser.ts'
import { isLiteral } from './directory.ts'
import type { Attack } from './format.ts'
import { type Caller, identityOf, isProtected, usersIn } from './readings.ts'
import { people } from './recipes.ts'
import type { Scenario } from './scenario.ts'
import { isForm, type Outcome } from './send.ts'
import { cookieName, type Seen } from './world.ts'

/** Everything one attack left behind. */
export interface Evidence {
  readonly scenario: Scenario
  readonly outcomes: readonly Outcome[]
  /** What workloads saw of it. */
  readonly seen: readonly Seen[]
  readonly normal: Outcome | undefined
  readonly normalSeen: readonly Seen[]
  /** Every place a browser would have been led to, as written. */
  readonly places: readonly string[]
  /** The log since it began. */
  readonly log: string
  readonly jwksFetches: number
  readonly attackerHits: number
  /** Whether a normal request works afterwards, within a second. */
  readonly alive: boolean
  readonly rss: number
  readonly rssBefore: number
  /** One answer, ms. */
  readonly tookMs: number
  /** The last address of a sign-in that was carried through. */
  readonly landed: string | undefined
}

/** A condition this harness cannot judge: the entry is not run rather than called held. */
export class Unjudged extends Error {}

function callerOf({ setup, request }: Attack): Caller {
  if (setup === 'admin' || setup === 'user') return setup
  if (setup.startsWith('parity')) return 'user'
  const text = JSON.stringify(request ?? {})
  return text.includes('{{cookie:admin}}') ? 'admin' : text.includes('{{cookie:user}}') ? 'user' : 'anon'
}

const refused = ({ status }: Outcome) => status === 0 || status >= 400

/** Whether the proxy that asked would let the request through. */
const admitted = ({ status, grpc }: Outcome) => (grpc ? grpc.code === 0 && grpc.call === 0 : status === 200)

/** What is wrong; undefined = the attack was held. @throws Unjudged */
export function judge(must: string, evidence: Evidence): string | undefined {
  const { scenario, outcomes, seen, normal, normalSeen } = evidence
  const { attack } = scenario
  const caller = callerOf(attack)
  const authz = attack.against === 'authz'
  const [first] = outcomes
  if (!first) return 'nothing was sent'
  const [kind = ''] = must.split(' ')
  const sawWhat = () =>
    JSON.stringify(seen.map(({ backend, method, path, host }) => [backend, method, path, host]))
  const shown = () => `answered ${first.status}, workloads saw ${sawWhat()}`
  switch (kind) {
    case 'reject':
      return outcomes.every(refused) && seen.length === 0 && !(authz && outcomes.some(admitted))
        ? undefined
        : shown()
    case 'never-admit':
      if (authz && outcomes.some(admitted) && isProtected(asSeen(attack), caller))
        return `let through: ${shown()}`
      return seen.some((one) => isProtected(one, caller)) ? shown() : undefined
    case 'status-in': {
      const list = JSON.parse(must.slice('status-in '.length)) as number[]
      if (!outcomes.every(({ status }) => list.includes(status))) return shown()
      return list.every((status) => status >= 400) && seen.length > 0 ? shown() : undefined
    }
    case 'same-as-normal': {
      if (!attack.strictly && [400, 401, 403, 431].includes(first.status))
        return seen.length === 0 ? undefined : shown()
      if (authz) {
        if (!normal || admitted(first) !== admitted(normal)) return shown()
        const [mine, theirs] = [usersIn(first.headers), usersIn(normal.headers)]
        return mine.length === theirs.length && mine.every((user, at) => user === theirs[at])
          ? undefined
          : `names ${mine.join(' and ')}`
      }
      const [one] = seen
      const [like] = normalSeen
      if (!one || !like || seen.length !== 1) return shown()
      if (one.method !== like.method || one.path !== like.path || one.body !== like.body) return shown()
      const [mine, theirs] = [identityOf(one), identityOf(like)]
      // Each session carries a token of its own; who it is of is told by the other headers.
      const plain = (list: readonly string[]) => list.filter((header) => !header.startsWith('x-jwt-payload'))
      return JSON.stringify(plain(mine)) === JSON.stringify(plain(theirs))
        ? undefined
        : `identity ${mine.join(', ')}`
    }
    case 'no-redirect-outside':
      return evidence.places.find((place) => !isInside(place, attack.setup))
  }
  throw new Unjudged(`no \`must\` of the kind \`${kind}\` is known`)
}

/** A check that was let through is the request its workload would see. */
function asSeen({ request }: Attack): Seen {
  const http = request?.grpc?.attributes?.request?.http
  const path = String(http?.path ?? request?.path.replace(/^\/check/, '') ?? '/')
  return {
    backend: 'app',
    method: String(http?.method ?? request?.method ?? 'GET'),
    path: path === '' ? '/' : path,
    host: String(http?.host ?? 'door.test'),
    headers: [],
    body: '',
  }
}

/** Whether a Location, form action or script leads nowhere but to the door and its listed neighbours. */
function isInside(place: string, setup: string): boolean {
  const url = URL.parse(place, 'https://door.test/')
  if (!url) return false
  if (url.origin === 'https://door.test' && !/^\s*[\\/]{2}/.test(place.replaceAll('\\', '/'))) return true
  if (url.origin === 'https://door.test' && /^https:\/\/door\.test(?:[/?#]|$)/i.test(place)) return true
  if (setup !== 'sign-in-whitelist' || url.protocol !== 'https:' || url.username || url.password) return false
  return /(?:^|\.)apps\.test$/.test(url.hostname) ? url.port === '' : url.host === 'tools.test:8443'
}

/** What is wrong with a further condition; undefined = it holds. @throws Unjudged */
export async function judgeAlso(condition: string, evidence: Evidence): Promise<string | undefined> {
  const { scenario, outcomes, seen, log } = evidence
  const { world, attack } = scenario
  const [first] = outcomes
  if (!first) return 'nothing was sent'
  const [verb = '', ...words] = condition.split(' ')
  const rest = words.join(' ')
  const limit = Number(/<=?\s*(\d+)/.exec(condition)?.[1] ?? Number.NaN)
  const wrong = (found: unknown) => `${condition}: ${JSON.stringify(found)}`
  const each = (test: (one: Seen) => boolean) => {
    const found = seen.find((one) => !test(one))
    return found && wrong(found)
  }
  const valuesOf = (
    { headers }: { readonly headers: readonly (readonly [string, string])[] },
    name: string,
  ) => headers.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  const bodies = outcomes.map(({ body }) => body).join('\n')
  const texts = outcomes.map(({ text }) => text).join('\n')

  switch (verb.replace(/<.*$/, '')) {
    case 'alive':
    case 'cpu-recovers':
    case 'normal-latency-under':
      return evidence.alive ? undefined : 'an honest request afterwards fails'
    case 'documented':
      return undefined
    case 'upstream-requests':
      return seen.length <= limit ? undefined : wrong(seen.length)
    case 'no-second-response-from-upstream':
      return seen.length <= 1 ? undefined : wrong(seen.length)
    case 'upstream-untouched':
      return seen.length === 0 ? undefined : wrong(seen.length)
    case 'responses': {
      const counts = (rest || condition).match(/\d+/g)?.map(Number) ?? []
      return counts.includes(first.answers) ? undefined : wrong(first.answers)
    }
    case 'connection-closed':
      return first.closed ? undefined : wrong('open')
    case 'rss-below': {
      const [, amount = '0', unit = ''] = /(\d+)\s*([kmg]?)/i.exec(rest) ?? []
      const scale = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()] ?? 1
      return evidence.rss < Number(amount) * scale ? undefined : wrong(evidence.rss)
    }
    case 'memory-under': {
      const most = Number(/^(\d+)\s*MiB/i.exec(rest)?.[1] ?? 0) * 1024 ** 2
      const more = evidence.rss - evidence.rssBefore
      return more < most ? undefined : wrong(more)
    }
    case 'answer-under':
      return evidence.tookMs < Number.parseInt(rest, 10) ? undefined : wrong(evidence.tookMs)
    case 'prototype-clean': {
      const own = Object.keys(Object.prototype)
      return own.length === 0 && !('polluted' in {}) ? undefined : wrong(own)
    }
    case 'csp-no-unsafe-inline': {
      const policy = valuesOf(first, 'content-security-policy').join()
      return /script-src|default-src/.test(policy) && !/unsafe-(inline|eval)/.test(policy)
        ? undefined
        : wrong(policy)
    }
    case 'jwks-fetches':
      return evidence.jwksFetches <= limit ? undefined : wrong(evidence.jwksFetches)
    case 'attacker-server-untouched':
    case 'attacker-server-lacks-token':
      return evidence.attackerHits === 0 ? undefined : wrong(world.attacker.hits)
    case 'upstream-lacks':
      return each((one) => valuesOf(one, rest).length === 0)
    case 'upstream-lacks-bare-cr':
      return each((one) => !one.headers.some(([, value]) => /[\r\n]/.test(value)))
    case 'upstream-path':
      return seen[0]?.path === rest ? undefined : wrong(seen[0]?.path)
    case 'upstream-content-length-once':
      return each((one) => valuesOf(one, 'content-length').length <= 1)
    case 'upstream-sees': {
      const at = rest.indexOf('=')
      const found = seen[0] && valuesOf(seen[0], rest.slice(0, at))
      return found?.length === 1 && found[0] === rest.slice(at + 1) ? undefined : wrong(found)
    }
    case 'upstream-sees-host':
      return seen[0]?.host === (rest || 'door.test') ? undefined : wrong(seen[0]?.host)
    case 'upstream-groups-exact':
      return each((one) =>
        valuesOf(one, 'kubeflow-groups').every((value) => value === 'team-a' || value === ''),
      )
    case 'backend-is-not':
      return each(({ backend }) => backend !== rest)
    case 'identity-is':
    case 'identity-one-for-both':
    case 'identity-matches-token':
      return identity(verb, rest, evidence)
    case 'identity-is-not': {
      const email = people[rest]?.email ?? rest
      return each((one) => !usersIn(one.headers).includes(email))
    }
    case 'response-lacks': {
      const [name = '', ...value] = words
      const found = outcomes.flatMap((one) => valuesOf(one, name))
      return value.length === 0
        ? found.length === 0
          ? undefined
          : wrong(found)
        : found.some((one) => one.includes(value.join(' ')))
          ? wrong(found)
          : undefined
    }
    case 'response-lacks-token':
      return world.proxied && texts.includes(world.proxied.token) ? wrong('the token') : undefined
    case 'door-sees-one-credential':
      return each((one) => {
        const cookies = valuesOf(one, 'cookie').join('; ')
        const sessions = cookies.split(/;\s*/).filter((pair) => /session|oauth2_proxy|token/i.test(pair))
        return valuesOf(one, 'authorization').length + sessions.length === 1
      })
    case 'response-header': {
      const [, name = '', value = ''] = /^(\S+)\s*=\s*(.*)$/.exec(rest) ?? []
      const found = valuesOf(first, name)
      return found.length === 1 && found[0] === value ? undefined : wrong(found)
    }
    case 'ok-response-sets': {
      const at = rest.indexOf('=')
      const found = valuesOf(first, rest.slice(0, at))
      return found.length === 1 && found[0] === rest.slice(at + 1) ? undefined : wrong(found)
    }
    case 'ok-response-removes': {
      const removed =
        first.grpc?.remove ?? (headerOf(first, 'x-envoy-auth-headers-to-remove') ?? '').split(',')
      return removed.includes(rest.toLowerCase()) ? undefined : wrong(removed)
    }
    case 'grpc-status':
      return first.grpc?.code === Number(rest) || first.grpc?.call === Number(rest)
        ? undefined
        : wrong(first.grpc)
    case 'body-lacks':
      return bodies.includes(await scenario.fill(rest)) ? wrong(bodies.slice(0, 200)) : undefined
    case 'body-lacks-jwt':
      return /eyJ[\w-]+\.[\w-]+\.[\w-]*/.test(texts) ? wrong('a token') : undefined
    case 'body-lacks-internal-names':
      return /svc\.cluster\.local|istio-system|AuthorizationPolicy|require-identity/.test(texts)
        ? wrong(bodies.slice(0, 200))
        : undefined
    case 'html-inert':
      return /<(?:script|img|svg|iframe)[^>]*(?:alert|onerror|onload)/i.test(bodies)
        ? wrong(bodies.slice(0, 300))
        : undefined
    case 'frame-ancestors-none':
      return /frame-ancestors 'none'/.test(valuesOf(first, 'content-security-policy').join()) ||
        /deny/i.test(valuesOf(first, 'x-frame-options').join())
        ? undefined
        : wrong(first.headers)
    case 'nosniff':
      return valuesOf(first, 'x-content-type-options').includes('nosniff') ? undefined : wrong(first.headers)
    case 'no-referrer-or-same-origin':
      return /^(no-referrer|same-origin|strict-origin)$/.test(valuesOf(first, 'referrer-policy')[0] ?? '')
        ? undefined
        : wrong(first.headers)
    case 'cookies-secure': {
      const found = outcomes.flatMap((one) => valuesOf(one, 'set-cookie'))
      return found.every((one) => /;\s*secure/i.test(one) && /;\s*httponly/i.test(one))
        ? undefined
        : wrong(found)
    }
    case 'no-redirect-outside':
      return evidence.places.find((place) => !isInside(place, attack.setup))
    case 'lands-on':
      return evidence.landed === rest ? undefined : wrong(evidence.landed)
    case 'no-session-made': {
      const made = outcomes
        .flatMap((one) => valuesOf(one, 'set-cookie'))
        .find((one) => one.startsWith(`${cookieName}=`) && !/max-age=0/i.test(one))
      return made && wrong(made)
    }
    case 'session-cookie-differs-from':
    case 'planted-stays-signed-out':
    case 'session-still-valid':
    case 'first-tokens-revoked':
    case 'family-revoked':
      return afterwards(verb, rest, evidence)
    case 'ldap-filter-literal': {
      const body = attack.request?.body
      const form = isForm(body) ? body.form : undefined
      const found = world.directory?.filters.find((one) => !isLiteral(one, form?.login ?? ''))
      return found && wrong(found)
    }
    case 'token-has-no': {
      const token = /"(?:id_token|access_token)":"([^"]+)"/.exec(bodies)?.[1]
      const claims = token && JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
      return claims && rest in claims ? wrong(claims) : undefined
    }
    case 'log-lacks':
      return log.includes(await scenario.fill(rest)) ? `${condition}: it is there` : undefined
    case 'log-escaped':
    case 'log-one-line-json': {
      const bad = log.split('\n').find((line) => line !== '' && !isJson(line))
      return bad && wrong(bad)
    }
    case 'time-like':
    case 'same-answer-for': {
      const statuses = new Set(
        outcomes.map(({ status, body }) => `${status} ${body.replace(/[\w-]{6,}-[0-9a-z]+/g, '')}`),
      )
      return statuses.size <= 1 ? undefined : wrong([...statuses])
    }
    case 'rate-limited':
    case 'user-code-guess-limited':
      return outcomes.some(({ status }) => status === 429)
        ? undefined
        : wrong(outcomes.map(({ status }) => status))
    case 'door-untouched':
    case 'cluster-untouched':
      return seen.length === 0 ? undefined : wrong(seen.length)
  }
  throw new Unjudged(`the condition \`${condition}\` is not known`)
}

function isJson(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}

/** `identity-is user-or-none`, `… literal-or-none`, `… canonical-or-none`. */
function identity(verb: string, rest: string, { scenario, seen }: Evidence): string | undefined {
  const { attack } = scenario
  const who = rest.replace(/-or-none$/, '')
  const own = String(attack.token?.payload?.email ?? people[attack.token?.base ?? 'user']?.email)
  const wanted =
    people[who]?.email ?? (who === 'literal' || verb === 'identity-matches-token' ? own : 'user@example.com')
  for (const one of seen) {
    const users = usersIn(one.headers)
    if (users.length > 1 || users.some((user) => user !== wanted))
      return `${verb} ${rest}: ${users.join(' and ')}`
    if (users.length === 0 && verb === 'identity-is' && !rest.endsWith('-or-none'))
      return `${verb} ${rest}: nobody`
  }
  return undefined
}

/** Conditions that ask the door once more. */
async function afterwards(
  verb: string,
  rest: string,
  { scenario, outcomes }: Evidence,
): Promise<string | undefined> {
  const { world } = scenario
  const set = outcomes
    .flatMap(({ headers }) => headers)
    .find(([name, value]) => name === 'set-cookie' && value.startsWith(`${cookieName}=`))?.[1]
  const value = /=([^;]*)/.exec(set ?? '')?.[1] ?? ''
  const isSession = async (cookie: string) => {
    const check = {
      provider: '',
      service: '',
      method: 'GET',
      path: '/x',
      host: 'door.test',
      protocol: 'http',
      timeoutMs: 1000,
    } as const
    return (await world.provider.check({ ...check, headers: [['cookie', cookie]] })).status === 200
  }
  switch (verb) {
    case 'session-cookie-differs-from': {
      const other = rest === 'planted' ? 'p'.repeat(43) : await scenario.value(`session-value:${rest}`)
      return value !== '' && value !== other ? undefined : `${verb} ${rest}: \`${value}\``
    }
    case 'planted-stays-signed-out':
      return (await isSession(`${cookieName}=${'p'.repeat(43)}`)) ? verb : undefined
    case 'session-still-valid':
      return (await isSession(await scenario.value(`cookie:${rest || 'user'}`)))
        ? undefined
        : `${verb} ${rest}`
  }
  // A refresh token used twice ends the family: the newest one is as dead as the first.
  const answer = await scenario.token({
    grant_type: 'refresh_token',
    refresh_token: await scenario.newestRefresh(),
  })
  return answer.status === 200 ? `${verb}: the newest refresh token is still good` : undefined
}

/** Where an answer would lead a browser, in each of the ways there are. */
export function placesIn({ headers, body }: Outcome): string[] {
  const decoded = (text: string) =>
    text.replaceAll('&amp;', '&').replaceAll('&#34;', '"').replaceAll('&#39;', "'")
  const of = (pattern: RegExp) => [...body.matchAll(pattern)].map(([, found = '']) => decoded(found))
  return [
    ...headers.filter(([name]) => name === 'location').map(([, value]) => value),
    ...headers.filter(([name]) => name === 'refresh').map(([, value]) => value.replace(/^[^=]*=/, '')),
    ...of(/<form[^>]*\baction="([^"]*)"/gi),
    ...of(/<meta[^>]*http-equiv="?refresh[^>]*url=([^"'>]+)/gi),
    ...of(/(?:location(?:\.href)?\s*=|location\.(?:replace|assign)\()\s*["']([^"']+)/gi),
  ].filter((place) => place !== '')
}
