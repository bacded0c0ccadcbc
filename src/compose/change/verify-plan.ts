/** Whether the live door does what a plan predicted: the witnesses of its access diff, asked there. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isFault } from '../../base/index.ts'
import type { Mesh } from '../../mesh/index.ts'
import type { Plan } from '../../planner/index.ts'
import { assumedKeys, compileDoor, type Principal, parsePrincipal } from '../../policy/index.ts'
import { callerName, type Difference, type ViewOptions, type Witness } from '../../regions/index.ts'
import { type Asked, type Verification, type VerifyOptions, verifyDoor } from '../verify/index.ts'

export interface VerifyPlanOptions
  extends Pick<VerifyOptions, 'certificateAuthority' | 'insecure' | 'door' | 'kube'> {
  readonly url: string
  /** The door as predicted. */
  readonly mesh: Mesh
  readonly view: ViewOptions
  /** A door takes a moment until it has what was written: asked again until then. */
  readonly timeoutMs: number
}

export interface VerifiedPlan {
  readonly agreed: number
  /** The live door lets these through, and the plan says it would not. */
  readonly gains: readonly string[]
  /** Any other answer than predicted. */
  readonly others: readonly string[]
  /** Why some were not asked, each with how many. */
  readonly notAsked: readonly string[]
}

/**
 * Asks as nobody and as oneself, never with credentials one does not have. What somebody gains is asked as
 * nobody too: it is the first thing that must not be gained by the way.
 *
 * @throws Fault what reaching the door throws
 */
export async function verifyPlan(
  plan: Plan,
  env: Readonly<Record<string, string | undefined>>,
  options: VerifyPlanOptions,
): Promise<VerifiedPlan> {
  const { url, mesh, view, timeoutMs, kube, ...reach } = options
  const engine = compileDoor(mesh, {
    fetched: assumedKeys,
    ...(view.istioVersion !== undefined && { istioVersion: view.istioVersion }),
  })
  const until = Date.now() + timeoutMs
  const ask = () =>
    verifyDoor(env, {
      ...reach,
      url,
      mesh,
      engine,
      view,
      kube,
      witnesses: witnessesOf(plan),
      permissions: { probeForged: false, wake: false, allowPost: false, mint: false },
      rate: 20,
    })
  for (;;) {
    const asked = await ask().catch((error: unknown) => {
      // It may be the change that opens the port.
      if (isFault(error) && error.code === 'ERR_PORT_CLOSED' && Date.now() <= until) return undefined
      throw error
    })
    const { agreements, disagreements, notAsked } = asked ?? nothing
    if (asked !== undefined && (disagreements.length === 0 || Date.now() > until)) {
      const gains = disagreements.filter(isGain)
      return {
        agreed: agreements.length,
        gains: [...new Set(gains.map(askedText))],
        others: [...new Set(disagreements.filter((each) => !isGain(each)).map(askedText))],
        notAsked: byReason(notAsked.map(({ why }) => why)),
      }
    }
    // Nothing tells from outside when a proxy has its new configuration.
    await sleep(500)
  }
}

const nothing: Verification = { agreements: [], disagreements: [], notAsked: [] }

/** It was let through to a workload, and the engine says it is not. */
function isGain({ asked, through, status = 0 }: Asked): boolean {
  if (asked.prediction.verdict === 'allow') return false
  return through === true || (status >= 200 && status < 300)
}

function byReason(whys: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  // The options are those of another command.
  const reasons = whys.map((why) => why.replace(/; (--[a-z-]+)$/, '; `kfdoor verify $1` asks it'))
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts].map(([reason, count]) => `${count}: ${reason}`)
}

const requestText = ({ principal, witness }: Asked['asked']): string =>
  `${callerName(principal)} ${witness.method} ${witness.url}`

const askedText = ({ asked, saw }: Asked): string =>
  `${requestText(asked)}: predicted ${asked.prediction.verdict}, saw ${saw}`

function witnessesOf({
  spec: { access },
}: Plan): readonly { readonly principal: Principal; readonly witness: Witness }[] {
  const anonymous = parsePrincipal('anonymous') as Principal
  const differences: readonly Difference[] = [...access.gained, ...access.lost, ...access.changed]
  return differences.flatMap(({ principal: name, witness }) => {
    const principal = parsePrincipal(name)
    const nobody = { principal: anonymous, witness }
    return principal === undefined ? [nobody] : [{ principal, witness }, nobody]
  })
}
