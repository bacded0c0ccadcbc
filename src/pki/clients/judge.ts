import type { Certificate } from '../certificate.ts'
import { type Client, clients, everybody, takesPartialChain } from './client.ts'
import { hostProblem } from './host.ts'
import { type Path, pathsTo, selfIssued } from './path.ts'
import { nameOf, type Objection, rules } from './rules.ts'

/** What one client says to a server's certificate. */
export interface ClientVerdict {
  readonly client: Client
  /** In words, with versions. */
  readonly who: string
  readonly accepts: 'yes' | 'no' | 'unknown'
  /** Why not, or what is not known; empty = yes. */
  readonly reasons: readonly string[]
}

/**
 * What every client says to a server that shows `chain` (leaf first) when asked for `host`.
 *
 * @param trusted the roots the clients were given; undefined = it is not known whom they trust, and
 *   verdicts speak of what can be told without, else `unknown`.
 * @param now ms
 */
export function judgeClients(question: {
  readonly chain: readonly Certificate[]
  readonly host: string
  readonly trusted: readonly Certificate[] | undefined
  readonly now: number
}): readonly ClientVerdict[] {
  const { chain, host, now } = question
  const [leaf, ...sent] = chain
  if (leaf === undefined) return []
  const roots = question.trusted ?? sent.filter(selfIssued)
  const { paths, stuckAt } = pathsTo(leaf, sent, roots)
  return everybody.map((client) => {
    const objections: Objection[] = onLeaf(client, leaf, host, now)
    const usable = paths.filter(({ rooted }) => rooted || takesPartialChain.has(client))
    // OpenSSL follows one path; Go and Chromium try them all.
    const tried = client === 'go' || client === 'chromium' ? usable : usable.slice(0, 1)
    const onPaths = tried.map((path) => onPath(client, path, now))
    objections.push(...(onPaths.find((found) => found.length === 0) ?? onPaths[0] ?? []))
    if (usable.length === 0) {
      const [partial] = paths
      const reason = partial
        ? `it is given \`${nameOf(partial.certificates.at(-1) as Certificate)}\`, which is no root, and wants the root above it`
        : `the issuer of \`${nameOf(stuckAt ?? leaf)}\` (${oneLine((stuckAt ?? leaf).issuer)}) is neither sent nor trusted`
      objections.push({ reason, ...(question.trusted === undefined && { maybe: true as const }) })
    }
    const refusals = objections.filter(({ maybe }) => !maybe)
    return {
      client,
      who: clients[client],
      accepts: refusals.length > 0 ? 'no' : objections.length > 0 ? 'unknown' : 'yes',
      reasons: [...new Set(objections.map(({ reason }) => reason))],
    }
  })
}

const oneLine = (text: string) => text.split('\n').join(', ')
const toObjection = (said: Objection | string | undefined): Objection[] =>
  said === undefined || said === '' ? [] : [typeof said === 'string' ? { reason: said } : said]

function onLeaf(client: Client, leaf: Certificate, host: string, now: number): Objection[] {
  return [
    ...toObjection(hostProblem(client, leaf, host)),
    ...rules
      .filter((rule) => rule.clients.includes(client))
      .flatMap((rule) => toObjection(rule.leaf?.(leaf, now))),
  ]
}

function onPath(client: Client, { certificates }: Path, now: number): Objection[] {
  const [leaf, ...above] = certificates
  if (leaf === undefined) return []
  const mine = rules.filter((rule) => rule.clients.includes(client))
  return mine.flatMap((rule) => [
    ...certificates.flatMap((one, at) =>
      toObjection(
        rule.each?.(one, {
          anchor: at === certificates.length - 1,
          alone: above.length === 0,
          name: at === 0 ? 'the certificate' : `\`${nameOf(one)}\``,
        }),
      ),
    ),
    ...above.flatMap((one, at) =>
      toObjection(
        rule.above?.(one, {
          anchor: at === above.length - 1,
          below: above.slice(0, at).filter((each) => !selfIssued(each)).length,
          leaf,
          now,
        }),
      ),
    ),
  ])
}
