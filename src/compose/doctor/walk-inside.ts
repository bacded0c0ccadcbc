import { type AnyFault, isFault } from '../../base/index.ts'
import {
  type Answer,
  challengedWith,
  claimsOf,
  doorWords,
  type RecognisedDoor,
  whoAmI,
} from '../../client/index.ts'
import {
  broken,
  finding,
  type HopName,
  judgeAnswer,
  passed,
  skipped,
  type WalkedHop,
  type WalkFinding,
} from '../../doctor/index.ts'
import type { Environment } from '../doors/folders.ts'
import { type OpenedDoor, openKeptDoor } from '../doors/open-door.ts'
import { ownPrincipal } from '../verify/own.ts'
import { type AskedOfDoor, type Blamed, blame, contradicts } from './blame.ts'
import type { WalkOptions } from './walk-door.ts'

export interface Inside {
  readonly add: (hop: WalkedHop) => boolean
  readonly rest: (after: HopName) => unknown
  readonly hops: readonly WalkedHop[]
  /** The address as it was given: a model's, perhaps. */
  readonly target: URL
  readonly blamed?: Blamed
}

/** How often one request is put to a door to see whether it always answers alike. */
const TRIES = 3
const SOON_MS = 600_000

/** From the credential to the application behind the door. */
export async function walkInside(
  env: Environment,
  recognised: RecognisedDoor,
  options: WalkOptions,
  inside: Inside,
): Promise<void> {
  const { add, rest, hops } = inside
  let door: OpenedDoor | undefined
  try {
    door = await openKeptDoor(env, {
      ...options,
      ...(options.door === undefined && { url: recognised.url.href }),
    })
    const walk = new InsideWalk(env, door, inside)
    const { headers, expiresAt } = await door.session.pass()
    const credential = await walk.credential(headers, expiresAt)
    if (!add(credential)) return void rest('credential')
    const who = await whoAmI(door.agent, door.url, headers)
    if (who.user === undefined && recognised.kind !== 'open') {
      add(await walk.nobody(headers))
      return void rest('identity')
    }
    add(
      passed(
        'identity',
        who.user ?? 'nobody',
        ...who.namespaces.map(({ namespace, role }) => `${namespace} (${role})`),
      ),
    )
    add(await walk.application(headers, recognised, who.namespaces[0]?.namespace))
  } catch (error) {
    if (!isFault(error)) throw error
    const { message }: AnyFault = error
    const missing = error.code === 'ERR_CREDENTIALS_MISSING' || error.code === 'ERR_DOOR_UNKNOWN'
    if (missing) {
      const next = `sign in with \`kfdoor login ${recognised.url.href}\`, and walk again`
      const what = finding('KFD0312', 'what lies behind the sign-in was not looked at', [], next)
      add(skipped('credential', 'none is kept for this door', what))
      for (const name of ['identity', 'application'] as const) add(skipped(name, 'no credential'))
    } else if (hops.some(({ hop }) => hop === 'credential')) {
      const at = hops.at(-1)?.hop === 'identity' ? 'application' : 'identity'
      add(
        broken(
          at,
          [message],
          finding('KFD0315', message, []),
          ...judgeAnswer({ status: 0, headers: {}, body: message }),
        ),
      )
    } else {
      add(
        broken(
          'credential',
          [message],
          finding('KFD0313', message, [], `kfdoor login ${recognised.url.href}`),
        ),
      )
      rest('credential')
    }
  } finally {
    await door?.close()
  }
}

type Headers = Readonly<Record<string, string>>

class InsideWalk {
  readonly #env: Environment
  readonly #door: OpenedDoor
  readonly #inside: Inside

  constructor(env: Environment, door: OpenedDoor, inside: Inside) {
    this.#env = env
    this.#door = door
    this.#inside = inside
  }

  async credential(headers: Headers, expiresAt: number | undefined): Promise<WalkedHop> {
    const { agent } = this.#door
    let { url } = this.#door
    let refused = await challengedWith(agent, url, headers)
    // A policy refuses that one address: whether the credential is taken shows at the door itself.
    if (refused !== undefined && /^\s*RBAC/.test(refused.body) && url.pathname !== '/') {
      url = new URL('/', url)
      refused = await challengedWith(agent, url, headers)
    }
    const again: (Answer | undefined)[] = []
    for (let round = 1; round < TRIES; round++) again.push(await challengedWith(agent, url, headers))
    const other = again.find((one) => (one === undefined) !== (refused === undefined))
    const no = refused ?? other
    if (again.some((one) => (one === undefined) !== (refused === undefined))) {
      const seen = [refused, ...again].map((one) => (one === undefined ? 'let in' : `${one.status}`))
      const message = `one credential, asked ${TRIES} times: ${seen.join(', ')}`
      const fix = 'do the replicas of the auth service share their sessions? Redis, or one replica'
      return broken('credential', seen, finding('KFD0324', message, seen, fix))
    }
    if (no !== undefined) {
      return broken('credential', [`answers ${no.status}`], ...this.#judge(no, url, headers, 'KFD0313'))
    }
    const until = expiresAt === undefined ? [] : [`good until ${new Date(expiresAt).toISOString()}`]
    const kind = headers.authorization ? 'a token' : headers.cookie ? 'a session' : 'none is needed'
    const soon =
      this.#env.KFDOOR_TOKEN !== undefined && expiresAt !== undefined && expiresAt - Date.now() < SOON_MS
    return {
      ...passed('credential', kind, ...until),
      findings: soon
        ? [
            finding(
              'KFD0325',
              'the token of KFDOOR_TOKEN ends in minutes: a long process works, and then gets 401',
              until,
              'hand over a file that is renewed (KFDOOR_TOKEN_FILE), or sign in with `kfdoor login`',
            ),
          ]
        : [],
    }
  }

  /** One is let in, and nothing behind the door says who it is: what the dashboard answers may say why. */
  async nobody(headers: Headers): Promise<WalkedHop> {
    const { agent, url } = this.#door
    const asked = new URL('/api/workgroup/env-info', url)
    const answer = await agent.send({ url: asked, headers: { ...headers, accept: 'application/json' } })
    const sent = { ...headers, accept: 'application/json' }
    const why =
      answer.status >= 400 ? this.#judge(answer, asked, sent).slice(1) : this.#doubt(answer, asked, sent)
    const fix =
      'which claim becomes `kubeflow-userid`? outputClaimToHeaders of the RequestAuthentication, or the provider’s headersToUpstreamOnAllow'
    const own = finding('KFD0314', 'one is let in, and nothing behind the door learns who it is', [], fix)
    return broken('identity', ['nobody', `${asked.pathname} answers ${answer.status}`], own, ...why)
  }

  /** Pipelines, and the address itself where that is more than the door's root. */
  async application(
    headers: Headers,
    { kind }: RecognisedDoor,
    namespace: string | undefined,
  ): Promise<WalkedHop> {
    const { agent, url } = this.#door
    const { target } = this.#inside
    const asked = { ...headers, accept: 'application/json' }
    const base = url.href.replace(/[^/]*$/, '')
    const healthz = new URL('pipeline/apis/v2beta1/healthz', base)
    const health = await agent.send({ url: healthz, headers: asked })
    if (target.pathname !== '/') {
      const answer = await agent.send({ url: target, headers: asked })
      if (answer.status >= 400) {
        return broken(
          'application',
          [`${target.pathname} answers ${answer.status}`],
          ...this.#judge(answer, target, asked),
        )
      }
      // A door that lives below a path has Pipelines there too; an application has not.
      if (target.pathname !== new URL(base).pathname || health.status !== 200) {
        return {
          ...passed('application', `${target.pathname} answers ${answer.status}`),
          findings: this.#doubt(answer, target, asked),
        }
      }
    }
    if (health.status !== 200) {
      return broken(
        'application',
        [`Pipelines answers ${health.status}`],
        ...this.#judge(health, healthz, asked),
      )
    }
    const single = kind !== 'open' && /"multi_user":\s*false/.test(health.body)
    if (single) {
      const message = 'Pipelines says `multi_user: false`: everybody who signs in shares everything'
      return {
        ...passed('application', 'Pipelines answers'),
        findings: [finding('KFD0316', message, []), ...this.#doubt(health, healthz, asked)],
      }
    }
    if (namespace === undefined) {
      return { ...passed('application', 'Pipelines answers'), findings: this.#doubt(health, healthz, asked) }
    }
    const runs = new URL(
      `pipeline/apis/v2beta1/runs?page_size=1&namespace=${encodeURIComponent(namespace)}`,
      base,
    )
    const list = await agent.send({ url: runs, headers: asked })
    if (list.status < 400) {
      return {
        ...passed('application', 'Pipelines answers', `runs of ${namespace} can be read`),
        findings: this.#doubt(list, runs, asked),
      }
    }
    return broken('application', [`runs of ${namespace}: ${list.status}`], ...this.#judge(list, runs, asked))
  }

  #judge(
    answer: Answer,
    url: URL,
    headers: Headers,
    code: 'KFD0313' | 'KFD0315' = 'KFD0315',
  ): readonly WalkFinding[] {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
    const { blamed } = this.#inside
    return [
      ...judgeRefusal(answer, code, aboutToken(url, token)),
      ...(blamed ? blame(blamed, this.#asked(url, headers), answer) : []),
    ]
  }

  /** The door let one in: whether its YAML does, too. */
  #doubt(answer: Answer, url: URL, headers: Headers): readonly WalkFinding[] {
    const { blamed } = this.#inside
    return blamed ? contradicts(blamed, this.#asked(url, headers), answer) : []
  }

  #asked(url: URL, { authorization, accept }: Headers): AskedOfDoor {
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
    const who = ownPrincipal(this.#env, { url: this.#door.url.href })
    return { method: 'GET', url, ...(accept && { accept }), ...(token && { token }), ...(who && { who }) }
  }
}

/** What was asked, and with what kind of token: never the token. */
function aboutToken(url: URL, token: string | undefined): readonly string[] {
  const claims = token === undefined ? undefined : claimsOf(token)
  return [
    `GET ${url.pathname} HTTP/1.1`,
    ...(token === undefined ? [] : ['authorization: bearer']),
    ...(typeof claims?.iss === 'string' ? [`"iss":"${claims.iss}"`] : []),
    ...[claims?.aud].flat().flatMap((aud) => (typeof aud === 'string' ? [`"aud":"${aud}"`] : [])),
  ]
}

function judgeRefusal(
  answer: Answer,
  code: 'KFD0313' | 'KFD0315',
  about: readonly string[],
): readonly WalkFinding[] {
  const words = doorWords(answer) || `${answer.status} without a word`
  const fix =
    code === 'KFD0313'
      ? 'sign in again; `kfdoor token inspect` says whether this door takes a token'
      : 'see `kfdoor whoami`, and `kfdoor explain` for the rule'
  return [finding(code, `answers ${answer.status}: ${words}`, [words], fix), ...judgeSeen(answer, about)]
}

/** Known problems in an answer, its cookies left out. */
export function judgeSeen(answer: Answer, about: readonly string[] = []): readonly WalkFinding[] {
  const headers: Record<string, string> = {}
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') headers[name] = value
  return judgeAnswer({ status: answer.status, headers, body: answer.body, about })
}
