/** What an answer says in words: the same in a terminal and in a page. */
import { pageStandIn } from '../../compose/release-answers.ts'
import { type Entrance, type Explanation, identityHeaders, type Step } from '../../policy/index.ts'
import type { Answered } from './answer-question.ts'
import { upstreamOf } from './as-json.ts'

export function wayIn({ inside, around, entry, request }: Explanation): string {
  if (around !== undefined) {
    return `through the node port of ${around.object.namespace}/${around.object.name}, past every gateway`
  }
  return inside ? 'from inside the cluster' : `to the gateway ${entry}, its port ${request.port}`
}

/** The last step that carries the reason of the whole. */
export function decidingStep({ steps, reason }: Explanation): Step | undefined {
  return steps.findLast((step) => step.reason === reason) ?? steps.at(-1)
}

export function hopName({ hops, entry, workload, steps }: Explanation, number: number): string {
  const hop = hops.find((one) => one.hop === number)
  const object =
    hop?.workload ?? steps.find((step) => step.hop === number && step.phase === 'application')?.object
  if (hop?.proxy.kind === 'sidecar' && hop.workload === undefined) return 'the sidecar of the pod that calls'
  const pod = object ?? workload
  if (hop === undefined || hop.proxy.kind === 'sidecar') {
    if (pod === undefined) return 'what stands behind'
    const name = `${pod.kind} ${pod.namespace}/${pod.name}`
    return hop === undefined ? name : `${name} and its sidecar`
  }
  const { namespace, labels } = hop.proxy
  return `gateway ${hop === hops[0] ? entry : `${namespace}/${labels.app ?? labels.istio ?? 'gateway'}`}`
}

/** What reasons say in words, where the code alone reads badly. */
const sentences: Readonly<Record<string, string>> = {
  'tls-listener': 'a TLS listener takes the connection',
  'plain-listener': 'a plain listener takes the connection',
  'allow-rule-matched': 'an ALLOW rule matches',
  'no-allow-rule-matched': 'there are ALLOW policies, and no rule of them matches',
  'deny-rule-matched': 'a DENY rule matches',
  'no-deny-rule-matched': 'no DENY rule matches',
  'route-matched': 'this route takes it',
  rewritten: 'the route rewrites it',
  'lua-headers': 'its Lua adds headers',
  'https-redirect': 'the server redirects plain HTTP to HTTPS',
  'no-virtual-host': 'no VirtualService of this gateway has that host',
}

export function sentence(step: Step): string {
  return step.text ?? sentences[step.reason] ?? step.reason.replaceAll('-', ' ')
}

export function nameOf({ object, rule }: Step): string {
  if (object === undefined) return rule ?? ''
  const place = object.namespace === '' ? object.name : `${object.namespace}/${object.name}`
  const name = `${object.kind} ${place}`
  return rule === undefined ? name : `${name} ${rule}`
}

/** `node port 32000 of Service auth/dex, past every gateway: no policy holds there, door.yaml:61`. */
export function aroundText({ kind, object, port, proxies, controller, hosts, at }: Entrance): string {
  const where = port === undefined ? '' : ` ${port}`
  const name = `${object.kind} ${object.namespace}/${object.name}`
  const what =
    kind !== 'ingress' && kind !== 'route'
      ? `${kind === 'external-ip' ? 'external IP' : kind.replace('-', ' ')}${where} of ${name}`
      : `${name}${hosts.length === 0 ? '' : ` (${hosts.join(', ')})`} by ${controller}`
  const held = proxies.length === 0 ? 'no policy holds there' : 'only its sidecar is on the way'
  return `${what}, past every gateway: ${held}, ${at.file}:${at.line}`
}

/** Whom the workload takes the caller for. */
export function identityOf(result: Explanation): string {
  const { decision } = result.arrived ?? result
  if (decision.kind !== 'forward') return ''
  return decision.headers
    .filter(([name, value]) => identityHeaders.includes(name.toLowerCase()) && value !== '')
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')
}

export function outcome({ result }: Answered): string {
  const { application } = result
  if (application?.status !== undefined) return `the application answers ${application.status}`
  const { decision } = result.decision.kind === 'forward' ? (result.arrived ?? result) : result
  switch (decision.kind) {
    case 'forward': {
      const to = upstreamOf(result) ?? decision.upstream
      const sent = result.verdict === 'unknown' ? 'would reach' : 'reaches'
      return `${sent} ${to} as ${decision.method} ${decision.path}, Host ${decision.host}`
    }
    case 'reply': {
      const { status, headers, body } = decision
      const header = (name: string) => headers.find(([one]) => one.toLowerCase() === name)?.[1]
      const location = header('location')
      if (location !== undefined) return `answered ${status} to ${location}`
      if (body === pageStandIn) return `answered ${status} with the sign-in page`
      return body === '' ? `answered ${status}` : `answered ${status} "${shorten(body)}"`
    }
    case 'drop':
      return decision.error
    default:
      return deciderText(result)
  }
}

function deciderText(result: Explanation): string {
  return decidingStep(result)?.text ?? result.reason.replaceAll('-', ' ')
}

export function shorten(text: string): string {
  const line = text.split(/[\r\n]/, 1)[0] ?? ''
  return line.length > 160 ? `${line.slice(0, 159)}…` : line
}
