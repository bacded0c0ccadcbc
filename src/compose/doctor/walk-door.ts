import { existsSync, statSync } from 'node:fs'
import { type AnyFault, isFault } from '../../base/index.ts'
import {
  type Answer,
  challengedWith,
  createCookieJar,
  createVisitor,
  doorWords,
  type RecognisedDoor,
  recogniseDoor,
  whoAmI,
} from '../../client/index.ts'
import {
  broken,
  finding,
  type HopName,
  hopNames,
  judgeAnswer,
  judgeCertificate,
  judgeClock,
  passed,
  skipped,
  type WalkedHop,
  type WalkFinding,
} from '../../doctor/index.ts'
import { knock, resolveName, shakeHands } from '../../probe/index.ts'
import type { Environment } from '../doors/folders.ts'
import { type OpenedDoor, openKeptDoor } from '../doors/open-door.ts'
import { agentFor, authorityFor, type ReachOptions } from '../doors/reach.ts'

export interface WalkOptions extends ReachOptions {
  readonly door?: string
  /** Called as each hop is done. */
  readonly onHop?: (hop: WalkedHop) => void
}

export interface Walked {
  readonly url: string
  readonly hops: readonly WalkedHop[]
  readonly recognised?: Pick<RecognisedDoor, 'kind' | 'httpsRedirect'>
}

/**
 * Walks from this machine to the application behind a door, one hop at a time, and stops at the first that
 * is broken. Polite: a handful of GET requests, and no credential but the one that is kept for this door.
 */
export async function walkDoor(env: Environment, text: string, options: WalkOptions = {}): Promise<Walked> {
  const hops: WalkedHop[] = []
  const add = (hop: WalkedHop): boolean => {
    hops.push(hop)
    options.onHop?.(hop)
    return hop.state !== 'broken'
  }
  const rest = (after: HopName) => {
    // Said once, by whoever prints the broken one.
    for (const name of hopNames.slice(hopNames.indexOf(after) + 1))
      hops.push(skipped(name, `not reached: ${after} is broken`))
    return { url: text, hops }
  }
  const address = judgeAddress(text, options)
  if (!add(address.hop) || address.url === undefined) return rest('address')
  const { url } = address
  const tls = url.protocol === 'https:'
  const port = Number(url.port || (tls ? 443 : 80))

  const name = await resolveName(url.hostname)
  if (name.error !== undefined) {
    const fix =
      'check the spelling; names of a company need its network or VPN; for a test, add it to /etc/hosts'
    add(
      broken(
        'dns',
        [name.error],
        finding('KFD0302', `\`${url.hostname}\` has no address here (${name.error})`, [name.error], fix),
      ),
    )
    return rest('dns')
  }
  add(passed('dns', `${url.hostname} is ${name.addresses.join(', ')}`))

  const refusals = await Promise.all(
    name.addresses.map(async (each) => [each, await knock(each, port)] as const),
  )
  if (refusals.every(([, reason]) => reason !== undefined)) {
    const seen = refusals.map(([each, reason]) => `${each}:${port} ${reason}`)
    const fix =
      'is the gateway’s Service a LoadBalancer or NodePort, and is this its port? `kubectl -n istio-system get svc istio-ingressgateway`'
    add(broken('tcp', seen, finding('KFD0303', `nobody listens on ${url.hostname} port ${port}`, seen, fix)))
    return rest('tcp')
  }
  add(passed('tcp', `port ${port} is open`))

  if (!tls) add(skipped('tls', 'the address is http: nothing is encrypted'))
  else if (!add(await walkTls(env, url, port, options))) return rest('tls')

  const agent = agentFor(env, url, options)
  try {
    const visitor = createVisitor({ agent, jar: createCookieJar(Date.now), door: url })
    let door: RecognisedDoor
    try {
      door = await recogniseDoor(visitor, url)
    } catch (error) {
      if (!isFault(error)) throw error
      add(broken('http', [error.message], ...(await judgeHttp(error, url, port, tls))))
      return rest('http')
    }
    const redirect = door.httpsRedirect ? ['sends http to https'] : []
    add({ ...passed('http', `answers ${door.entry.status}`, ...redirect), findings: judgeClock(door.skewMs) })
    const recognised = { kind: door.kind, httpsRedirect: door.httpsRedirect }
    add(judgeSignIn(door))
    return {
      ...(await walkInside(env, door, options, add, rest, hops)),
      url: door.url.href,
      hops,
      recognised,
    }
  } finally {
    await agent.close()
  }
}

interface Address {
  readonly hop: WalkedHop
  readonly url?: URL
}

/** An address with an empty host or port is what a script makes of a variable that is not set. */
function judgeAddress(text: string, options: WalkOptions): Address {
  const wrong = (message: string, fix: string): Address => ({
    hop: broken('address', [text], finding('KFD0301', message, [text], fix)),
  })
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`
  if (/^[a-z]+:\/\/[^/]*:(\/|$)/i.test(whole)) {
    return wrong(
      'the port is empty: a variable such as INGRESS_PORT is not set',
      'find it: `kubectl -n istio-system get svc istio-ingressgateway`',
    )
  }
  if (/^[a-z]+:\/\/(:|\/|$)/i.test(whole)) {
    return wrong(
      'the host is empty: a variable such as INGRESS_HOST is not set',
      'find it: `kubectl -n istio-system get svc istio-ingressgateway`',
    )
  }
  if (!URL.canParse(whole)) return wrong(`\`${text}\` is no address`, 'write it as https://HOST[:PORT]')
  const url = new URL(whole)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return wrong(`${url.protocol} is no scheme of a door`, 'write it as https://HOST[:PORT]')
  const ca = options.certificateAuthority
  if (ca !== undefined && (!existsSync(ca) || statSync(ca).isDirectory())) {
    const what = existsSync(ca) ? 'is a folder; clients want a file' : 'is not there'
    return {
      hop: broken(
        'address',
        [ca],
        finding('KFD0317', `the CA \`${ca}\` ${what}`, [ca], 'hand over the PEM file itself, `ca.crt`'),
      ),
    }
  }
  return { hop: passed('address', `${url.protocol}//${url.host}`), url }
}

async function walkTls(env: Environment, url: URL, port: number, options: WalkOptions): Promise<WalkedHop> {
  let ca: string | undefined
  try {
    ca = options.insecure ? undefined : authorityFor(env, url, options)
  } catch (error) {
    if (!isFault(error)) throw error
    return broken(
      'tls',
      [error.message],
      finding('KFD0317', error.message, [], 'hand over the PEM file of the CA'),
    )
  }
  const shown = await shakeHands(url.hostname, port, ca === undefined ? {} : { ca })
  if (shown.error !== undefined) {
    const plain = await knock(url.hostname.replace(/^\[|\]$/g, ''), port)
    const speaks = plain === undefined && /WRONG_VERSION|EPROTO|PACKET_LENGTH|record/i.test(shown.error)
    const message = speaks
      ? `port ${port} speaks plain HTTP: a \`port-forward 8080:80\`, or a Gateway server without TLS`
      : `no TLS handshake on port ${port}: ${shown.error}`
    const fix = speaks
      ? `use http://${url.host}, or forward the TLS port: \`kubectl -n istio-system port-forward svc/istio-ingressgateway ${port}:443\``
      : 'does a server of the Gateway take this host name? Its Secret may be missing: `kfdoor lint`'
    return broken('tls', [shown.error], finding('KFD0304', message, [shown.error], fix))
  }
  const findings = judgeCertificate(shown, url.hostname, Date.now())
  const [leaf] = shown.chain
  const names = leaf?.names ?? []
  const shownNames =
    names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more names` : names.join(', ')
  const seen = [`${shown.protocol ?? 'TLS'}, ${shownNames || leaf?.subject || 'no certificate'}`]
  const stops = findings.some(({ severity }) => severity === 'error') && !options.insecure
  return { hop: 'tls', state: stops && shown.distrust !== undefined ? 'broken' : 'ok', seen, findings }
}

async function judgeHttp(
  fault: AnyFault,
  url: URL,
  port: number,
  tls: boolean,
): Promise<readonly WalkFinding[]> {
  if (!tls) {
    const shown = await shakeHands(url.hostname, port)
    if (shown.error === undefined) {
      return [finding('KFD0305', `port ${port} speaks TLS`, [fault.message], `use https://${url.host}`)]
    }
  }
  const words = judgeAnswer({ status: 0, headers: {}, body: fault.message })
  const fix = 'is this the host and path of the gateway? `kfdoor why` knows error texts'
  return [finding('KFD0309', fault.message, [], fix), ...words]
}

function judgeSignIn(door: RecognisedDoor): WalkedHop {
  const words = [`${door.kind}`, ...(door.request ? [`signs in at ${door.request.endpoint.pathname}`] : [])]
  if (door.kind === 'open') {
    return {
      ...passed('sign-in', ...words),
      findings: [
        finding(
          'KFD0310',
          'everybody who reaches the address is in: no session and no token is asked for',
          [`GET ${door.url.href} answers ${door.entry.status}`],
          'is the CUSTOM policy or EnvoyFilter applied? `kfdoor lint` says what is open',
        ),
      ],
    }
  }
  const single = door.singleUser
    ? [finding('KFD0316', 'Pipelines says `multi_user: false`: everybody who signs in shares everything', [])]
    : []
  if (door.kind === 'unknown') {
    const { status = 0, words: said = '' } = door.refusal ?? {}
    const known = judgeAnswer({ status, headers: {}, body: said })
    return {
      ...passed('sign-in', ...words),
      findings: [
        finding(
          'KFD0311',
          `strangers get ${status}: ${said}`,
          [said],
          'is the auth service up, and does a policy send people to it?',
        ),
        ...known,
        ...single,
      ],
    }
  }
  return { ...passed('sign-in', ...words), findings: single }
}

async function walkInside(
  env: Environment,
  recognised: RecognisedDoor,
  options: WalkOptions,
  add: (hop: WalkedHop) => boolean,
  rest: (after: HopName) => unknown,
  hops: readonly WalkedHop[],
): Promise<object> {
  let door: OpenedDoor | undefined
  try {
    door = await openKeptDoor(env, {
      ...options,
      ...(options.door === undefined && { url: recognised.url.href }),
    })
    const pass = await door.session.pass()
    const refused = await challengedWith(door.agent, door.url, pass.headers)
    if (refused) {
      add(broken('credential', [`answers ${refused.status}`], ...judgeRefusal(refused)))
      rest('credential')
      return {}
    }
    const until = pass.expiresAt === undefined ? [] : [`good until ${new Date(pass.expiresAt).toISOString()}`]
    add(
      passed(
        'credential',
        pass.headers.authorization ? 'a token' : pass.headers.cookie ? 'a session' : 'none is needed',
        ...until,
      ),
    )
    const who = await whoAmI(door.agent, door.url, pass.headers)
    if (who.user === undefined && recognised.kind !== 'open') {
      const fix =
        'which claim becomes `kubeflow-userid`? outputClaimToHeaders of the RequestAuthentication, or the provider’s headersToUpstreamOnAllow'
      add(
        broken(
          'identity',
          ['nobody'],
          finding('KFD0314', 'one is let in, and nothing behind the door learns who it is', [], fix),
        ),
      )
      rest('identity')
      return {}
    }
    add(
      passed(
        'identity',
        who.user ?? 'nobody',
        ...who.namespaces.map(({ namespace, role }) => `${namespace} (${role})`),
      ),
    )
    const healthz = new URL('pipeline/apis/v2beta1/healthz', door.url.href.replace(/[^/]*$/, ''))
    const answer = await door.agent.send({
      url: healthz,
      headers: { ...pass.headers, accept: 'application/json' },
    })
    if (answer.status === 200) add(passed('application', 'Pipelines answers'))
    else
      add(broken('application', [`Pipelines answers ${answer.status}`], ...judgeRefusal(answer, 'KFD0315')))
  } catch (error) {
    if (!isFault(error)) throw error
    const { message }: AnyFault = error
    const missing = error.code === 'ERR_CREDENTIALS_MISSING' || error.code === 'ERR_DOOR_UNKNOWN'
    if (missing) {
      const next = `sign in with \`kfdoor login ${recognised.url.href}\`, and walk again`
      add(
        skipped(
          'credential',
          'none is kept for this door',
          finding('KFD0312', 'what lies behind the sign-in was not looked at', [], next),
        ),
      )
      for (const name of ['identity', 'application'] as const) add(skipped(name, 'no credential'))
    } else if (hops.some(({ hop }) => hop === 'credential')) {
      add(
        broken(
          hops.at(-1)?.hop === 'identity' ? 'application' : 'identity',
          [message],
          finding('KFD0315', message, []),
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
  return {}
}

function judgeRefusal(answer: Answer, code: 'KFD0313' | 'KFD0315' = 'KFD0313'): readonly WalkFinding[] {
  const words = doorWords(answer) || `${answer.status} without a word`
  const headers: Record<string, string> = {}
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') headers[name] = value
  const known = judgeAnswer({ status: answer.status, headers, body: answer.body })
  const fix =
    code === 'KFD0313'
      ? 'sign in again; `kfdoor token inspect` says whether this door takes a token'
      : 'see `kfdoor whoami`, and `kfdoor explain` for the rule'
  return [finding(code, `answers ${answer.status}: ${words}`, [words], fix), ...known]
}
