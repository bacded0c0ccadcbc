import { setTimeout as sleep } from 'node:timers/promises'
import { isFault } from '../../base/index.ts'
import { isLoopback } from '../../client/index.ts'
import { clusterAccess, requestToken } from '../../kube/index.ts'
import type { Mesh } from '../../mesh/index.ts'
import type { Door, Principal } from '../../policy/index.ts'
import { callerName, type ViewOptions, type Witness } from '../../regions/index.ts'
import { chooseDoor } from '../choose-door.ts'
import { runningDoors } from '../control.ts'
import type { Environment } from '../doors/folders.ts'
import { openKeptDoor, readDoorUrl, whichDoor } from '../doors/open-door.ts'
import { agentFor, authorityFor, type ReachOptions } from '../doors/reach.ts'
import { mintCredential } from '../mint.ts'
import {
  type AskOptions,
  askWitnesses,
  type Plan,
  planWitnesses,
  type Verification,
} from './ask-witnesses.ts'
import { namespacesOf, ownPrincipal } from './own.ts'
import { isSame, type Permissions } from './polite.ts'
import { type Answering, type PredictedWitness, predict } from './prediction.ts'
import { createSend } from './send.ts'
import { whoAnswers } from './who-answers.ts'
import { mapWitnesses } from './witnesses.ts'

export interface VerifyOptions extends ReachOptions {
  readonly url: string
  readonly door?: string
  readonly mesh: Mesh
  readonly engine: Door
  readonly view: ViewOptions
  /** `NAMESPACE/NAME`; undefined = the ingress gateway. */
  readonly gateway?: string
  readonly permissions: Omit<Permissions, 'ownNamespaces'> & { readonly ownNamespaces?: readonly string[] }
  /** These, instead of those of the whole map. */
  readonly witnesses?: readonly { readonly principal: Principal; readonly witness: Witness }[]
  /** Only these callers. */
  readonly principals?: readonly Principal[]
  /** Who one is, where the credential does not say it. */
  readonly self?: Principal
  /** Instead of finding out. */
  readonly answering?: Answering
  readonly rate: number
  readonly kube: { readonly context?: string; readonly kubeconfig?: string }
  readonly progress?: (done: number, of: number) => void
}

export interface VerifyPlan extends Plan {
  readonly url: URL
  readonly loopback: boolean
  readonly gateway: string
  readonly answering: Answering
  readonly own?: Principal
  /** TLS ends in front of the gateway, or begins there. */
  readonly otherScheme?: 'http' | 'https'
}

/** What would be asked of a door, found without asking it anything. */
export function planVerification(env: Environment, options: VerifyOptions): VerifyPlan {
  const { mesh, engine, view, permissions, answering = 'istio' } = options
  const url = readDoorUrl(options.url)
  const own = options.self ?? ownPrincipal(env, whichOf(options))
  const ownNamespaces = permissions.ownNamespaces ?? namespacesOf(mesh, own)
  const gateway = options.gateway ?? gatewayName(engine)
  const how = { answering, now: Date.now() / 1000, ...portOf(engine, url) }
  const { witnesses, scheme } =
    options.witnesses === undefined
      ? mapWitnesses(mesh, engine, {
          ...view,
          url,
          gateway,
          ...(own && { own }),
          ownNamespaces,
          ...(options.principals && { principals: options.principals }),
          predict: how,
        })
      : {
          witnesses: options.witnesses.flatMap(({ principal, witness }) => {
            const said = predict(engine, principal, witness, how)
            return said === undefined ? [] : [{ principal, witness, prediction: said.prediction }]
          }),
          scheme: spokenAt(engine, url),
        }
  // Sent to this address, a request for the other server would come in at the wrong one.
  const comesIn = ({ witness }: { readonly witness: Witness }) => witness.url.startsWith(`${scheme}:`)
  const there = planWitnesses(witnesses.filter(comesIn), own, { ...permissions, ownNamespaces })
  const elsewhere = witnesses.filter((each) => !comesIn(each))
  const other = scheme === 'https' ? 'http' : 'https'
  const why = `it comes in over ${other}, and this address leads to the door’s ${scheme}`
  const plan = {
    ask: there.ask,
    notAsked: [...there.notAsked, ...elsewhere.map((asked) => ({ asked, why }))],
  }
  return {
    ...plan,
    url,
    loopback: isLoopback(url.hostname),
    gateway,
    answering,
    ...(own && { own }),
    ...(`${scheme}:` !== url.protocol && { otherScheme: scheme }),
  }
}

/** The scheme of the server behind an address: the address's own, or the only one there is, with TLS ended in front. */
function spokenAt(engine: Door, url: URL): 'http' | 'https' {
  const [asked, other] =
    url.protocol === 'https:' ? (['https', 'http'] as const) : (['http', 'https'] as const)
  const { listeners } = engine.listeners(engine.gateway())
  const has = (scheme: string) =>
    listeners.some(({ chains }) => chains.some(({ tls }) => tls === (scheme === 'https')))
  return has(asked) || !has(other) ? asked : other
}

/** Which port of the gateway the address leads to; none is known where something in front ends or begins TLS. */
function portOf(engine: Door, url: URL): { readonly port?: number } {
  const usual = url.protocol === 'https:' ? 443 : 80
  return `${spokenAt(engine, url)}:` === url.protocol ? { port: Number(url.port || usual) } : {}
}

export interface VerifiedDoor extends Verification {
  readonly plan: VerifyPlan
}

/**
 * Asks a live door the witnesses of its own map.
 *
 * @throws Fault what reaching and opening the door throws
 */
export async function verifyDoor(env: Environment, options: VerifyOptions): Promise<VerifiedDoor> {
  const url = readDoorUrl(options.url)
  const { kept } = whichDoor(env, whichOf(options))
  const agent = agentFor(env, url, options, kept)
  try {
    const send = createSend(agent, url)
    const answering = options.answering ?? (await whoAnswers(send))
    const plan = planVerification(env, { ...options, answering })
    const credential = credentials(env, { ...options, answering }, plan)
    const { rate, progress } = options
    const wait = async (ms: number) => void (await sleep(ms))
    const port = portOf(options.engine, url)
    const asking: AskOptions = {
      send,
      credential,
      // A token speaks for itself, whatever the principal's name stands for.
      predicted: ({ principal, witness, prediction }, headers) => {
        const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
        if (token === undefined) return prediction
        const how = { answering, now: Date.now() / 1000, ...port, token }
        return predict(options.engine, principal, witness, how)?.prediction ?? prediction
      },
      rate,
      wait,
      clock: Date.now,
      ...(progress && { progress }),
    }
    return { ...(await askWitnesses(plan, asking)), plan }
  } finally {
    await agent.close()
  }
}

/**
 * Whether the options name a door that could be asked, without asking it.
 *
 * @throws Fault what `verifyDoor` would throw for them
 */
export function checkReach(
  env: Environment,
  options: ReachOptions & Pick<VerifyOptions, 'url'> & { readonly door?: string | undefined },
): void {
  const url = readDoorUrl(options.url)
  const { kept } = whichDoor(env, whichOf(options))
  if (!options.insecure) authorityFor(env, url, options, kept)
}

const whichOf = ({ door, url }: Pick<VerifyOptions, 'door' | 'url'>) =>
  door === undefined ? { url } : { door }

function gatewayName(door: Door): string {
  const { namespace, labels } = door.gateway()
  return `${namespace}/${labels.istio ?? labels.app ?? 'gateway'}`
}

/** Everybody's credential is got once. A token of one's own changes what is predicted: it speaks for itself. */
function credentials(env: Environment, options: VerifyOptions, plan: VerifyPlan): AskOptions['credential'] {
  const got = new Map<string, Promise<Readonly<Record<string, string>> | string>>()
  return (asked) => {
    const { principal } = asked
    if (principal.kind === 'anonymous') return Promise.resolve({})
    const name = callerName({ ...principal, forged: false })
    let known = got.get(name)
    if (known === undefined) {
      known = credentialOf(env, options, plan, asked)
      got.set(name, known)
    }
    return known
  }
}

async function credentialOf(
  env: Environment,
  options: VerifyOptions,
  { own, url }: VerifyPlan,
  { principal }: PredictedWitness,
): Promise<Readonly<Record<string, string>> | string> {
  if (own !== undefined && isSame(own, principal)) return ownCredential(env, options)
  if (principal.kind !== 'service-account') return 'nothing of yours says that'
  const { namespace, name, audience } = principal
  const audiences = audience === undefined ? audiencesOf(options.mesh) : [audience]
  try {
    const local = chooseDoor(runningDoors(env), { url: url.href })
    if (local !== undefined) {
      const minted = await mintCredential(env, {
        serviceAccount: `${namespace}/${name}`,
        audiences,
        durationSeconds: 600,
        groups: [],
        url: url.href,
      })
      return minted.kind === 'token' ? { authorization: `Bearer ${minted.token}` } : 'no token was made'
    }
    const access = await clusterAccess(env, options.kube)
    const { token } = await requestToken(access, { namespace, name }, { audiences, seconds: 600 })
    return { authorization: `Bearer ${token}` }
  } catch (error) {
    if (isFault(error)) return error.message
    throw error
  }
}

async function ownCredential(
  env: Environment,
  options: VerifyOptions,
): Promise<Readonly<Record<string, string>> | string> {
  const opened = await openKeptDoor(env, { ...options, ...whichOf(options) })
  try {
    const { headers } = await opened.session.pass()
    return headers.authorization === undefined && headers.cookie === undefined
      ? 'no credential is kept'
      : headers
  } finally {
    await opened.close()
  }
}

/** Whom the door takes tokens of the cluster for. */
function audiencesOf(mesh: Mesh): readonly string[] {
  const rules = mesh.requestAuthentications.flatMap(({ jwtRules }) => jwtRules)
  const cluster = rules.find(({ issuer }) => /kubernetes/.test(issuer.value)) ?? undefined
  const [first] = cluster?.audiences ?? []
  return first === undefined ? [] : [first.value]
}
