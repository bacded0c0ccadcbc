/** What became of a request, as questions over all requests look at it. */
import type { Mesh, Workload } from '../mesh/index.ts'
import {
  type ForwardDecision,
  type HeaderList,
  identityHeaders,
  type PathDecision,
  type Verdict,
} from '../policy/index.ts'

export interface Outcome {
  readonly verdict: Verdict
  readonly reason: string
  /** Istio's cluster name of the last Service it was sent to. */
  readonly upstream?: string
  /** Host of that Service. */
  readonly service?: string
  /** `namespace/name` of the workload it reached. */
  readonly workload?: string
  /** That workload's labels, in order, but for what a controller writes anew for each roll-out. */
  readonly labels?: string
  /** The identity headers the workload gets. */
  readonly identity: Readonly<Record<string, string>>
  /** Every header the workload gets but the proxy's own. */
  readonly headers: HeaderList
  /** What the last proxy was sent; only where nobody knows whether it passed. */
  readonly sent?: HeaderList
  /** As the workload sees it. */
  readonly path?: string
  readonly status?: number
  /** Proxies that looked at it. */
  readonly hops: number
  /** `namespace/name` of the InferenceService it reached. */
  readonly model?: string
  /** What the application behind the workload makes of this very request, where it has a check of its own. */
  readonly application?: { readonly verdict: Verdict; readonly reason: string }
}

export function outcomeOf(path: PathDecision): Outcome {
  const { verdict, reason, decision, hops, workload } = path
  const reached = verdict === 'allow' && decision.kind === 'forward'
  const forwards = hops
    .map((hop) => hop.decision)
    .filter((each): each is ForwardDecision => each.kind === 'forward')
  const outer = forwards.filter(({ upstream }) => !upstream.startsWith('inbound|'))
  const last = outer.at(-1) ?? forwards.at(-1)
  const headers = reached ? [...decision.headers, ...identityIn(decision.proxyHeaders ?? [])] : []
  const status = decision.kind === 'reply' ? { status: decision.status } : {}
  return {
    verdict,
    reason,
    ...(last && { upstream: last.upstream, service: last.destination.host }),
    ...((verdict === 'allow' || verdict === 'unknown') &&
      workload && {
        workload: `${workload.namespace}/${workload.name}`,
        labels: labelsOf(workload),
      }),
    identity: Object.fromEntries(identityIn(headers)),
    headers,
    ...(verdict === 'unknown' && { sent: hops.at(-1)?.request.headers ?? [] }),
    ...(reached && { path: decision.path }),
    ...status,
    hops: hops.length,
  }
}

/** Of Deployments, StatefulSets and Knative's revisions: they name a roll-out, and not what runs. */
const ofOneRollOut: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'serving.knative.dev/configuration',
  'serving.knative.dev/configurationGeneration',
  'serving.knative.dev/configurationUID',
  'serving.knative.dev/revision',
  'serving.knative.dev/revisionUID',
  'serving.knative.dev/serviceUID',
])

/** `x-forwarded-user` too, which by its name is among the proxy's own and comes from a client. */
const identityIn = (headers: HeaderList) => headers.filter(([name]) => identityHeaders.includes(name))

const written = new WeakMap<Workload, string>()

function labelsOf(workload: Workload): string {
  let text = written.get(workload)
  if (text === undefined) {
    const lasting = Object.entries(workload.podLabels).filter(([name]) => !ofOneRollOut.has(name))
    text = JSON.stringify(lasting.sort())
    written.set(workload, text)
  }
  return text
}

/** What nobody can say anything about. */
export function unknownOutcome(reason: string): Outcome {
  return { verdict: 'unknown', reason, identity: {}, headers: [], hops: 0 }
}

/** No proxy stands there. */
export const outside: Outcome = { ...unknownOutcome('no-listener'), verdict: 'unavailable' }

const inferenceService = 'serving.kserve.io/inferenceservice'

/** By the label KServe gives its pods, else by the name of the Service. */
export function modelOf(mesh: Mesh, { verdict, workload, hops }: PathDecision): Pick<Outcome, 'model'> {
  if (verdict !== 'allow' && verdict !== 'unknown') return {}
  const named = workload?.podLabels[inferenceService]
  if (workload !== undefined && named !== undefined) return { model: `${workload.namespace}/${named}` }
  for (const { decision } of hops.toReversed()) {
    if (decision.kind !== 'forward') continue
    const [service = '', namespace] = decision.destination.host.split('.')
    const found = mesh.inferenceServices.find(
      ({ name, namespace: own }) =>
        own === namespace && (service === name || service.startsWith(`${name}-predictor`)),
    )
    if (found !== undefined) return { model: `${found.namespace}/${found.name}` }
  }
  return {}
}
