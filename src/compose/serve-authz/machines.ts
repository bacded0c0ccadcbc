import { RE2JS } from 're2js'
import { type ClaimRules, createMachines, type MachineIssuer, type Machines } from '../../authz/index.ts'
import type { Clock } from '../../base/index.ts'
import { createKeySource, type KeySource } from '../../identity/index.ts'
import { issuerKeys } from './key-sources.ts'
import { type KubeClient, openKubeClient } from './kube-client.ts'
import type { Outside } from './outside.ts'
import type { ClaimSettings, MachineSettings } from './settings.ts'

export interface RunningMachines {
  readonly machines: Machines
  /** Asks every issuer for its keys again. */
  refresh(): Promise<void>
  /** Issuers whose keys have not been had yet. */
  missing(): readonly string[]
  close(): Promise<void>
}

export interface MachinePorts {
  readonly outside: Outside
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly keysRefreshed: (issuer: string, outcome: 'same' | 'changed' | 'failed') => void
  readonly cached: (what: 'hit' | 'miss') => void
}

/** @throws Fault ERR_INPUT_UNREADABLE, ERR_USAGE when the API server's access cannot be read */
export function startMachines(settings: MachineSettings, ports: MachinePorts): RunningMachines {
  const { clock } = ports
  const sources: { readonly issuer: string; readonly keys: KeySource }[] = []
  const known = (issuer: string, keys: KeySource) => {
    sources.push({ issuer, keys })
    return keys
  }
  const issuers: MachineIssuer[] = settings.issuers.map((one) => ({
    issuer: one.issuer,
    audiences: one.audiences,
    claims: rulesOf(one),
    keys: known(
      one.issuer,
      issuerKeys(one, ports.outside, clock, (outcome) => ports.keysRefreshed(one.issuer, outcome)),
    ),
  }))
  let kube: KubeClient | undefined
  const { kubernetes } = settings
  if (kubernetes) {
    const client = openKubeClient(kubernetes, ports.env, clock)
    kube = client
    if (kubernetes.verify === 'jwks') {
      const name = kubernetes.issuers[0] as string
      const keys = known(
        name,
        createKeySource({
          fetch: () => client.keys(),
          clock,
          refreshed: (outcome) => ports.keysRefreshed(name, outcome),
        }),
      )
      // One API server, whichever of its names a token was made under.
      for (const issuer of kubernetes.issuers)
        issuers.push({ issuer, audiences: kubernetes.audiences, claims: rulesOf(kubernetes), keys })
    }
  }
  const machines = createMachines({
    issuers,
    clock,
    counted: ports.cached,
    ...(kube &&
      kubernetes?.verify === 'token-review' && {
        review: {
          ask: kube.review,
          audiences: kubernetes.audiences,
          claims: rulesOf(kubernetes),
        },
      }),
  })
  return {
    machines,
    async refresh() {
      await Promise.all(sources.map(({ keys }) => keys.refresh()))
    },
    missing: () =>
      sources.filter(({ keys }) => keys.known() === undefined).map(({ issuer }) => `keys of ${issuer}`),
    async close() {
      await kube?.outside.close()
    },
  }
}

function rulesOf(settings: ClaimSettings): ClaimRules {
  return {
    user: settings.userClaim,
    groups: settings.groupsClaim,
    userPrefix: settings.userPrefix,
    groupsPrefix: settings.groupsPrefix,
    required: settings.requiredClaims,
    allowedGroups: settings.allowedGroups,
    allowedUsers: settings.allowedUsers,
    transformers: settings.transformers.map(({ matches, replaces }) => {
      const pattern = RE2JS.compile(matches)
      return {
        apply(name) {
          const matcher = pattern.matcher(name)
          return matcher.find() ? matcher.replaceAll(replaces) : undefined
        },
      }
    }),
  }
}
