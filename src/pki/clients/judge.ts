import type { Certificate } from '../certificate.ts'
import { type Client, clients, everybody, openssl, takesPartialChain } from './client.ts'
import { hostProblem } from './host.ts'
import {
  everyWay,
  namedForChromium,
  namedForGo,
  nameOf,
  opensslWay,
  type Path,
  selfIssued,
  signed,
  type Ways,
} from './path.ts'
import { type Objection, rules } from './rules.ts'

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
  const ways = waysOf(leaf, sent, roots, now)
  return everybody.map((client) => {
    const objections: Objection[] = onLeaf(client, leaf, host, now)
    const { paths, stuckAt } = ways(client)
    const usable = paths.filter(({ rooted }) => rooted || takesPartialChain.has(client))
    const onPaths = usable.map((path) => onPath(client, path, now))
    objections.push(...(onPaths.find((found) => found.length === 0) ?? onPaths[0] ?? []))
    if (usable.length === 0) {
      objections.push(...onItself(client, leaf))
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

/** What a certificate is refused for wherever it leads: of how it is written, and of its key. */
function onItself(client: Client, leaf: Certificate): Objection[] {
  // Who trusts a certificate that made itself has it for a root.
  const own = selfIssued(leaf)
  const at = { client, anchor: own, alone: own, first: true, name: 'the certificate' }
  return rules
    .filter((rule) => rule.clients.includes(client))
    .flatMap((rule) => toObjection(rule.each?.(leaf, at)))
}

/** OpenSSL follows one path; Go and Chromium try them all. */
function waysOf(
  leaf: Certificate,
  sent: readonly Certificate[],
  roots: readonly Certificate[],
  now: number,
): (client: Client) => Ways {
  const kinds = {
    partial: opensslWay(leaf, sent, roots, { partial: true, now }),
    whole: opensslWay(leaf, sent, roots, { partial: false, now }),
    go: everyWay(leaf, sent, roots, namedForGo),
    chromium: everyWay(leaf, sent, roots, namedForChromium),
  }
  return (client) =>
    client === 'go' || client === 'chromium'
      ? kinds[client]
      : kinds[takesPartialChain.has(client) ? 'partial' : 'whole']
}

function onPath(client: Client, { certificates, rooted }: Path, now: number): Objection[] {
  const [leaf, ...above] = certificates
  if (leaf === undefined) return []
  const alone = above.length === 0
  // Chromium takes a lone certificate for the authority above itself, with all that is asked of one.
  const authorities = alone && rooted && client === 'chromium' ? [leaf] : above
  const mine = rules.filter((rule) => rule.clients.includes(client))
  return [
    ...(openssl.includes(client) ? forged(certificates) : []),
    ...mine.flatMap((rule) => [
      ...certificates.flatMap((one, at) =>
        toObjection(
          rule.each?.(one, {
            client,
            anchor: at === certificates.length - 1,
            alone,
            first: at === 0,
            name: at === 0 ? 'the certificate' : `\`${nameOf(one)}\``,
          }),
        ),
      ),
      ...authorities.flatMap((one, at) =>
        toObjection(
          rule.above?.(one, {
            client,
            anchor: at === authorities.length - 1,
            below: certificates.slice(0, at + 1),
            now,
          }),
        ),
      ),
    ]),
  ]
}

/** Where names led to a certificate whose key did not sign. */
function forged(certificates: readonly Certificate[]): Objection[] {
  return certificates.slice(0, -1).flatMap((one, at) => {
    const issuer = certificates[at + 1] as Certificate
    return signed(one, issuer)
      ? []
      : [{ reason: `the signature of \`${nameOf(one)}\` is not by the \`${nameOf(issuer)}\` that is there` }]
  })
}
