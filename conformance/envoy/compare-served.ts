/** A running gateway against a recorded case: everything that was recorded of it. */
import type { Recorded } from '../compare.ts'
import type { EnvoyContestant, Observed } from '../contestants/envoy.ts'

type Pairs = readonly (readonly [string, string])[]

/** Fields that differ, each as `field: got, want`; empty = agreement. */
function servedDifferences({ expect }: Recorded, got: Observed): readonly string[] {
  const wanted = expect as Observed
  const found: string[] = []
  const compare = (field: string, actual: unknown, want: unknown) => {
    const [a, b] = [JSON.stringify(actual ?? null), JSON.stringify(want ?? null)]
    if (a !== b) found.push(`${field}: got ${a}, want ${b}`)
  }
  compare('error', got.error, wanted.error)
  compare('status', got.status, wanted.status)
  compare('body', got.body, wanted.body)
  compare('responseHeaders', byName(got.responseHeaders), byName(wanted.responseHeaders))
  compare('upstream', got.upstream, wanted.upstream)
  compare('upstreamMethod', got.upstreamMethod, wanted.upstreamMethod)
  compare('upstreamPath', got.upstreamPath, wanted.upstreamPath)
  compare('upstreamHost', got.upstreamHost, wanted.upstreamHost)
  const unstable = wanted.unstableHeaders ?? []
  const stable = (pairs: Pairs | undefined) => (pairs ?? []).filter(([name]) => !unstable.includes(name))
  compare('upstreamHeaders', stable(got.upstreamHeaders), stable(wanted.upstreamHeaders))
  compare('upstreamProxyHeaders', stable(got.upstreamProxyHeaders), stable(wanted.upstreamProxyHeaders))
  compare('upstreamBody', got.upstreamBody, wanted.upstreamBody)
  compare('upstreamAttempts', got.upstreamAttempts, wanted.upstreamAttempts)
  compare('mirrors', got.mirrors, wanted.mirrors)
  compare('checks', (got.checks ?? []).map(sortedKeys), (wanted.checks ?? []).map(sortedKeys))
  return found
}

function byName(pairs: Pairs | undefined): Pairs {
  return [...(pairs ?? [])].sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sortedKeys(each)]),
  )
}

/** Recorded cases by the configuration they were recorded with. */
export type Chosen = readonly (readonly [config: string, cases: readonly Recorded[]])[]

/** Asks a proxy all of the cases and closes it. @returns a text for each answer that is not the recorded one */
export async function wrongAnswers(contestant: EnvoyContestant, batch: Chosen): Promise<readonly string[]> {
  const wrong: string[] = []
  try {
    for (const [config, cases] of batch) {
      for (const recorded of cases) {
        const refusal = contestant.refusal(config, recorded.request)
        const { mirrors } = recorded.expect as { readonly mirrors?: readonly unknown[] }
        const found =
          refusal === undefined
            ? servedDifferences(
                recorded,
                await contestant.ask(config, recorded.request, { seen: mirrors ? 1 + mirrors.length : 0 }),
              )
            : [`not taken: ${refusal}`]
        if (found.length > 0) wrong.push(`${recorded.id}\n  ${found.join('\n  ')}`)
      }
    }
  } finally {
    await contestant.close()
  }
  return wrong
}
