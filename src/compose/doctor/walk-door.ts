import { existsSync, statSync } from 'node:fs'
import { type AnyFault, isFault } from '../../base/index.ts'
import {
  type Agent,
  type Answer,
  createCookieJar,
  createVisitor,
  type RecognisedDoor,
  recogniseDoor,
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
  spentSignIn,
  type WalkedHop,
  type WalkFinding,
} from '../../doctor/index.ts'
import { knock, resolveName, shakeHands } from '../../probe/index.ts'
import type { Environment } from '../doors/folders.ts'
import type { KeptDoor } from '../doors/kept-doors.ts'
import { whichDoor } from '../doors/open-door.ts'
import { agentFor, authorityFor, type ReachOptions } from '../doors/reach.ts'
import { createSend } from '../verify/send.ts'
import { whoAnswers } from '../verify/who-answers.ts'
import { type Blamed, blame, type DoorYaml } from './blame.ts'
import { judgeSeen, walkInside } from './walk-inside.ts'
import { walkSignIn } from './walk-sign-in.ts'

export interface WalkOptions extends ReachOptions {
  readonly door?: string
  /** Says which line refused. */
  readonly yaml?: DoorYaml
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

  const { kept } = whichDoor(env, {
    door: options.door,
    url: options.door === undefined ? url.href : undefined,
  })
  if (!tls) add(skipped('tls', 'the address is http: nothing is encrypted'))
  else if (!add(await walkTls(env, url, port, options, kept))) return rest('tls')

  const agent = agentFor(env, url, options, kept)
  try {
    const blamed = options.yaml === undefined ? undefined : await blamedBy(agent, url, options.yaml)
    const visitor = createVisitor({ agent, jar: createCookieJar(Date.now), door: url })
    let door: RecognisedDoor
    try {
      door = await recogniseDoor(visitor, url)
    } catch (error) {
      if (!isFault(error)) throw error
      const seen = await firstAnswer(agent, url)
      const circle = seen !== undefined && (await goesInCircle(agent, seen)) ? ['too many redirects'] : []
      const known = seen === undefined ? [] : judgeSeen(seen, [`GET ${url.pathname} HTTP/1.1`, ...circle])
      const why =
        seen === undefined || blamed === undefined ? [] : blame(blamed, { method: 'GET', url }, seen)
      const own = await judgeHttp(error, url, port, tls)
      const said = new Set(own.map(({ code }) => code))
      add(broken('http', [error.message], ...own, ...known.filter(({ code }) => !said.has(code)), ...why))
      return rest('http')
    }
    const redirect = door.httpsRedirect ? ['sends http to https'] : []
    const turned = door.httpsRedirect
      ? [
          finding(
            'KFD0328',
            `use ${door.url.origin} from the beginning`,
            [],
            'clients repeat a POST that was redirected as a GET',
          ),
        ]
      : []
    add({
      ...passed('http', `answers ${door.entry.status}`, ...redirect),
      findings: [...judgeClock(door.skewMs), ...turned],
    })
    const recognised = { kind: door.kind, httpsRedirect: door.httpsRedirect }
    add(await walkSignIn(agent, visitor, door, blamed))
    await walkInside(env, door, options, { add, rest, hops, target: url, ...(blamed && { blamed }) })
    return { url: door.url.href, hops, recognised }
  } finally {
    await agent.close()
  }
}

/** What stands there, asked without anything: its words tell more than that it is no door. */
async function firstAnswer(agent: Agent, url: URL): Promise<Answer | undefined> {
  try {
    return await agent.send({ url })
  } catch (error) {
    if (isFault(error)) return undefined
    throw error
  }
}

const MOST_STEPS = 8

/** Whether its redirects come back to where they have been, without leaving this door. */
async function goesInCircle(agent: Agent, first: Answer): Promise<boolean> {
  const been = new Set<string>()
  let answer = first
  for (let step = 0; step < MOST_STEPS; step++) {
    if (been.has(answer.url.href)) return true
    been.add(answer.url.href)
    const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : null
    const next = location === null ? null : URL.parse(location, answer.url)
    if (next === null || next.origin !== first.url.origin) return false
    const then = await firstAnswer(agent, next)
    if (then === undefined) return false
    answer = then
  }
  return false
}

async function blamedBy(agent: Agent, url: URL, yaml: DoorYaml): Promise<Blamed> {
  try {
    return { ...yaml, answering: await whoAnswers(createSend(agent, url)) }
  } catch (error) {
    if (isFault(error)) return { ...yaml, answering: 'istio' }
    throw error
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
  const spent = spentSignIn(`${url.pathname}${url.search}`)
  if (spent === undefined) return { hop: passed('address', `${url.protocol}//${url.host}`), url }
  // The door itself is meant: a step of a sign-in is good for once.
  const message = `the address holds the \`${spent}\` of a sign-in, which is good once and for minutes; walked from ${url.origin}/ instead`
  const fix = `begin at ${url.origin}/, and do not keep or script addresses below /dex/ or the callback`
  const hop = passed('address', `${url.protocol}//${url.host}`)
  return {
    hop: { ...hop, findings: [finding('KFD0323', message, [url.pathname], fix)] },
    url: new URL('/', url),
  }
}

async function walkTls(
  env: Environment,
  url: URL,
  port: number,
  options: WalkOptions,
  kept: Pick<KeptDoor, 'certificateAuthority'> | undefined,
): Promise<WalkedHop> {
  let ca: string | undefined
  try {
    ca = options.insecure ? undefined : authorityFor(env, url, options, kept)
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
