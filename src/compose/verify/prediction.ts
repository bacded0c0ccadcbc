/** What a door should answer to a witness, in the terms somebody in front of it can see. */
import type { Mesh } from '../../mesh/index.ts'
import {
  type Door,
  type Explanation,
  explain,
  type HeaderList,
  type Principal,
  type Question,
  type Step,
  type Verdict,
} from '../../policy/index.ts'
import type { Witness } from '../../regions/index.ts'
import { namedProviders } from '../../sign-in/index.ts'
import { explainHardened } from '../hardened/explain.ts'
import { pageStandIn, releaseAnswers } from '../release-answers.ts'

/** Who stands there: Istio's Envoy, or kfdoor's own gateway, which is stricter. */
export type Answering = 'istio' | 'kfdoor'

export interface Prediction {
  readonly verdict: Verdict
  readonly reason: string
  /** What a proxy answers by itself; undefined = the request is handed to a workload. */
  readonly reply?: {
    readonly status: number
    readonly location?: string
    /** Where the door is published decides which port that names. */
    readonly anyPort?: true
    /** undefined = nobody here can know the text. */
    readonly body?: string
    /** The answer comes from a proxy behind the door. */
    readonly later?: true
    /** The auth service's own answer, handed on with Envoy's mark of whoever answers. */
    readonly relayed?: true
  }
  /** The connection ends without an answer. */
  readonly dropped?: true
  /** The workload has a check of its own, which refuses. */
  readonly refusedInside?: true
  /** Where the auth service would send it, were it asked; undefined = nobody knows, or it is a request for that very service. */
  readonly signIn?: string
  /** The object, rule and line that decide. */
  readonly by?: string
}

/** A witness with what it should come to. */
export interface PredictedWitness {
  readonly principal: Principal
  readonly witness: Witness
  readonly prediction: Prediction
  /** For people: `kubeflow/ml-pipeline/http[0]`. */
  readonly route?: string
  /** Every path the request has on its way, rewritten ones too. */
  readonly paths?: readonly string[]
  /** A model scaled to zero, which the request may start. */
  readonly wakes?: string
  /** Namespaces the request is about. */
  readonly namespaces?: readonly string[]
}

export interface PredictOptions {
  readonly answering: Answering
  /** Seconds since the epoch. */
  readonly now: number
  /** The port of the door's address, which may be another than the gateway's. */
  readonly port?: number
  /** A token that is sent instead of one the principal stands for; taken as good, unless told otherwise. */
  readonly token?: string
  readonly badSignature?: boolean
}

/** Port 443 and 80 are not written in a URL. */
function addressOf({ url, headers }: Witness): {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly path: string
} {
  const [, scheme = 'http', authority = '', path = '/'] = /^(https?):\/\/([^/]*)(.*)$/.exec(url) ?? []
  const sent = headers.find(([name]) => name.toLowerCase() === 'host')?.[1]
  return { scheme: scheme === 'https' ? 'https' : 'http', host: sent ?? authority, path: path || '/' }
}

/** The Host a witness is sent with, its path as it stands, and its other headers. */
export function lineOf(witness: Witness): {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly path: string
  readonly headers: HeaderList
} {
  return { ...addressOf(witness), headers: witness.headers.filter(([name]) => name.toLowerCase() !== 'host') }
}

/**
 * The engine's answer to one witness; undefined = no gateway of the YAML listens there.
 *
 * @example
 * const said = predict(door, principal, witness, { answering: 'istio', now })
 */
export function predict(
  door: Door,
  principal: Principal,
  witness: Witness,
  options: PredictOptions,
): { readonly prediction: Prediction; readonly explanation: Explanation } | undefined {
  const { answering, now, port, token, badSignature = false } = options
  const { scheme, host, path, headers } = lineOf(witness)
  const told = releaseAnswers(door.mesh)
  const provider: Question['provider'] = (check, usual, trusting) => {
    const answer = told?.(check, usual, trusting) ?? usual
    // Envoy hears of it as of any answer, and may hand that on.
    return answering === 'istio' && check.protocol === 'http'
      ? { ...answer, headers: [...answer.headers, mark] }
      : answer
  }
  const forged = new Set(headers.map(([name]) => name.toLowerCase()))
  const question: Question = {
    method: witness.method,
    scheme,
    host,
    connectTo: `${host.replace(/:\d*$/, '')}${port === undefined ? '' : `:${port}`}`,
    path,
    headers: token === undefined ? headers : [...headers, ['authorization', `Bearer ${token}`]],
    // A token speaks for itself; a forged identity stands in the witness's own headers.
    principal:
      token === undefined
        ? { ...principal, forged: principal.forged && forged.size > 0 }
        : { kind: 'anonymous', forged: principal.forged },
    now,
    signature: () => token !== undefined && !badSignature,
    provider,
  }
  const ask = answering === 'kfdoor' ? explainHardened : explain
  const explanation = ask(door, question)
  if ('problem' in explanation) return undefined
  const signIn = signInOf(door.mesh, told, question, explanation)
  const prediction = predictionOf(explanation, answering)
  return { prediction: { ...prediction, ...(signIn !== undefined && { signIn }) }, explanation }
}

/** What Envoy adds to whatever somebody else answers it. */
const mark = ['x-envoy-upstream-service-time', '0'] as const

/** Where the auth service would send a request of nobody's. */
function signInOf(
  mesh: Mesh,
  told: Question['provider'],
  { method, host, path }: Question,
  { decision }: Explanation,
): string | undefined {
  const service = namedProviders(mesh).find(({ kind }) => kind !== 'other')
  const own = decision.kind === 'forward' && decision.destination.host === service?.host
  if (told === undefined || service === undefined || own) return undefined
  const check = {
    ...service,
    service: '',
    method,
    host,
    path,
    headers: [],
    protocol: 'http',
    timeoutMs: 0,
  } as const
  return headerOf(told(check, { status: 403, headers: [] }, false).headers, 'location')
}

function predictionOf(explanation: Explanation, answering: Answering): Prediction {
  const { verdict, reason, decision, hops, steps, application } = explanation
  const by = decidedBy(steps)
  const common = { verdict, reason, ...(by !== undefined && { by }) }
  switch (decision.kind) {
    case 'drop':
      return { ...common, dropped: true }
    case 'reply': {
      const location = headerOf(decision.headers, 'location')
      const html = /html/.test(headerOf(decision.headers, 'content-type') ?? '')
      const asked = explanation.checks.length > 0 && decision.reason.startsWith('provider')
      const known = !html && !asked && decision.body !== pageStandIn
      // One that closes the connection says nothing: the proxy before it does.
      const proxies = hops.length - (hops.at(-1)?.decision.kind === 'drop' ? 1 : 0)
      return {
        ...common,
        reply: {
          status: decision.status,
          ...(location !== undefined && { location }),
          // A door on a laptop sends to the port it is published on, not to 443.
          ...(answering === 'kfdoor' && { anyPort: true }),
          ...(known && { body: decision.body }),
          ...(headerOf(decision.headers, mark[0]) !== undefined && { relayed: true }),
          // kfdoor's gateway stands for the proxies behind it too.
          ...(proxies > 1 && answering === 'istio' && { later: true }),
        },
      }
    }
    default:
      return {
        ...common,
        ...(application !== undefined && application.verdict !== 'allow' && { refusedInside: true }),
      }
  }
}

function headerOf(headers: HeaderList, name: string): string | undefined {
  return headers.find(([own]) => own.toLowerCase() === name)?.[1]
}

/** `AuthorizationPolicy istio-system/global-deny rules[0] (mesh.yaml:12)`, of the last step that has an object. */
function decidedBy(steps: readonly Step[]): string | undefined {
  const step = steps.findLast(({ object, outcome }) => object !== undefined && outcome !== 'missed')
  if (step?.object === undefined) return undefined
  const { kind, namespace, name } = step.object
  const place = step.at === undefined ? '' : ` (${step.at.file}:${step.at.line})`
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}${step.rule === undefined ? '' : ` ${step.rule}`}${place}`
}
