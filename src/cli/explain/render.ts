import { pageStandIn } from '../../compose/release-answers.ts'
import { type Entrance, type Explanation, identityHeaders, type Step } from '../../policy/index.ts'
import { upstreamOf } from './as-json.ts'
import type { Answered } from './explain-one.ts'
import { columns, type Paint, painter, widthOf } from './table.ts'

interface Style {
  /** Every step, not only those that tell something. */
  readonly trace: boolean
  readonly colour: boolean
  /** Of the terminal; undefined = lines may be as long as they like. */
  readonly width: number | undefined
}

/** Steps that changed nothing and stand for the usual. */
function isQuiet({ outcome, reason }: Step): boolean {
  return outcome === 'missed' || reason === 'envoy-filter-harmless'
}

/** A table of hops and steps, the deciding one marked, and below it what came of the request. */
export function asTable(answered: Answered, style: Style): string {
  const { question, as, result } = answered
  const paint = painter(style.colour)
  const deciding = decidingStep(result)
  const shown = result.steps.filter((step) => style.trace || step === deciding || !isQuiet(step))
  const request = `${question.method} ${question.scheme}://${question.host}${question.path}`
  return [
    paint('bold', request),
    `as ${as}, ${wayIn(result)}`,
    '',
    ...tableOf(result, shown, deciding, paint, style),
    '',
    ...summary(answered, deciding, paint),
  ].join('\n')
}

function wayIn({ inside, around, entry, request }: Explanation): string {
  if (around !== undefined) {
    return `through the node port of ${around.object.namespace}/${around.object.name}, past every gateway`
  }
  return inside ? 'from inside the cluster' : `to the gateway ${entry}, its port ${request.port}`
}

/** The last step that carries the reason of the whole. */
export function decidingStep({ steps, reason }: Explanation): Step | undefined {
  return steps.findLast((step) => step.reason === reason) ?? steps.at(-1)
}

function tableOf(
  result: Explanation,
  steps: readonly Step[],
  deciding: Step | undefined,
  paint: Paint,
  { width, trace }: Style,
): string[] {
  const rows = steps.map((step) => {
    const decides = step === deciding
    return [
      decides ? paint('bold', '>') : ' ',
      decides ? paint('bold', step.phase) : step.phase,
      paint(outcomeStyle(step, decides), step.outcome),
      nameOf(step),
      step.at === undefined ? '' : paint('dim', `${step.at.file}:${step.at.line}`),
      trace ? sentence(step) : shorten(sentence(step)),
    ]
  })
  const lines = columns(rows)
  const fits = width === undefined || lines.every((line) => widthOf(line) <= width)
  // On a narrow terminal the place goes on a line of its own.
  const heads = columns(rows.map((row) => [...row.slice(0, 3), row[5] as string]))
  const indent = ' '.repeat(widthOf(columns(rows.map((row) => [...row.slice(0, 3), '.']))[0] ?? '') - 1)
  const out: string[] = []
  let hop = -1
  for (const [index, step] of steps.entries()) {
    if (step.hop !== hop) {
      hop = step.hop
      if (out.length > 0) out.push('')
      out.push(paint('underline', `hop ${hop}: ${hopName(result, hop)}`))
    }
    if (fits) {
      out.push(lines[index] as string)
      continue
    }
    out.push(heads[index] as string)
    const place = [nameOf(step), step.at === undefined ? '' : `${step.at.file}:${step.at.line}`]
    for (const part of place) if (part !== '') out.push(indent + paint('dim', part))
  }
  return out
}

function outcomeStyle(step: Step, decides: boolean): Parameters<Paint>[0] {
  switch (step.outcome) {
    case 'rejected':
      return decides ? ['red', 'bold'] : 'red'
    case 'matched':
    case 'passed':
      return 'green'
    case 'near-miss':
    case 'unknown':
      return 'yellow'
    default:
      return 'dim'
  }
}

function hopName({ hops, entry, workload, steps }: Explanation, number: number): string {
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

function sentence(step: Step): string {
  return step.text ?? sentences[step.reason] ?? step.reason.replaceAll('-', ' ')
}

function nameOf({ object, rule }: Step): string {
  if (object === undefined) return rule ?? ''
  const place = object.namespace === '' ? object.name : `${object.namespace}/${object.name}`
  const name = `${object.kind} ${place}`
  return rule === undefined ? name : `${name} ${rule}`
}

const verdictStyles: Readonly<Record<Explanation['verdict'], Parameters<Paint>[0]>> = {
  allow: ['green', 'bold'],
  deny: ['red', 'bold'],
  challenge: ['yellow', 'bold'],
  redirect: ['cyan', 'bold'],
  'not-found': ['red', 'bold'],
  unavailable: ['red', 'bold'],
  unknown: ['yellow', 'bold'],
}

function summary(answered: Answered, deciding: Step | undefined, paint: Paint): string[] {
  const { result, signedIn } = answered
  const rows: string[][] = []
  rows.push([paint(verdictStyles[result.verdict], result.verdict), outcome(answered)])
  const identity = identityOf(result)
  if (identity !== '') rows.push(['identity', identity])
  if (deciding !== undefined) {
    const name = nameOf(deciding)
    const at = deciding.at === undefined ? '' : `, ${deciding.at.file}:${deciding.at.line}`
    rows.push([
      'decided by',
      name === '' ? `${sentence(deciding)} (${result.reason})` : `${name}${at} (${result.reason})`,
    ])
  } else rows.push(['reason', result.reason])
  if (signedIn !== undefined) {
    rows.push([
      'signed in',
      `${signedIn.result.verdict} as ${signedIn.as}: ${outcome({ ...answered, ...signedIn })}`,
    ])
  }
  for (const entrance of answered.around) {
    rows.push([paint('yellow', 'around it'), aroundText(entrance)])
  }
  return columns(rows, '   ')
}

/** `node port 32000 of Service auth/dex, past every gateway: no policy holds there, door.yaml:61`. */
function aroundText({ kind, object, port, proxies, controller, hosts, at }: Entrance): string {
  const where = port === undefined ? '' : ` ${port}`
  const name = `${object.kind} ${object.namespace}/${object.name}`
  const what =
    kind === 'node-port' || kind === 'load-balancer'
      ? `${kind.replace('-', ' ')}${where} of ${name}`
      : `${name}${hosts.length === 0 ? '' : ` (${hosts.join(', ')})`} by ${controller}`
  const held = proxies.length === 0 ? 'no policy holds there' : 'only its sidecar is on the way'
  return `${what}, past every gateway: ${held}, ${at.file}:${at.line}`
}

/** Whom the workload takes the caller for. */
function identityOf(result: Explanation): string {
  const { decision } = result.arrived ?? result
  if (decision.kind !== 'forward') return ''
  return decision.headers
    .filter(([name, value]) => identityHeaders.includes(name.toLowerCase()) && value !== '')
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')
}

function outcome({ result }: Answered): string {
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

function shorten(text: string): string {
  const line = text.split(/[\r\n]/, 1)[0] ?? ''
  return line.length > 160 ? `${line.slice(0, 159)}…` : line
}
