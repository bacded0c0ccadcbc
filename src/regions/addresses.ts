/** Addresses that stand for all: one at least for whatever blocks can tell apart. */
import { Attributes, parseCidr } from '../policy/index.ts'
import type { Axes } from './axes.ts'
import type { Variation } from './variation.ts'
import type { WayIn } from './ways-in.ts'

/** What a test of one side is asked about: everything else is left out. */
export const nobody: Attributes['source'] = {
  method: 'GET',
  host: '',
  path: '/',
  scheme: 'http',
  headers: [],
  port: 0,
  destinationIp: '127.0.0.1',
  sourceIp: '127.0.0.1',
  remoteIp: '127.0.0.1',
  sni: '',
  principals: [],
}

const somebody = '127.0.0.1'

interface Said {
  readonly address: string
  readonly hops: number
}

/**
 * The peer's own address, and, where a proxy believes those before it, the one the request names. A call from
 * inside the mesh comes from some pod.
 */
export function addressChoices(
  way: Pick<WayIn, 'entrance' | 'spots'>,
  axes: readonly Axes[],
): Partial<Variation>[] {
  const blocks = new Set(axes.flatMap((each) => [...each.blocks]))
  if (blocks.size === 0) return [{}]
  const inside = way.entrance.service !== undefined
  const hops = way.spots.map((spot) => spot?.stage?.insight.trustedHops ?? 0)
  const all = addressesAround(blocks)
  const [own = somebody] = all
  /** `said` stands before as many more as one door believes: another door may believe another one of them. */
  const seen = (source: string, said: Said | undefined) =>
    axes
      .flatMap(({ addresses, addressesOnward }, at) => {
        const believed = hops[at] ?? 0
        const named = believed === said?.hops ? said.address : own
        const remote = said === undefined || believed === 0 || believed > said.hops ? source : named
        const told = (sourceIp: string, remoteIp: string) => new Attributes({ ...nobody, sourceIp, remoteIp })
        // Behind the first proxy it is told of by that one, or by those before it.
        const onward = [source, remote].flatMap((each) =>
          addressesOnward.map((test) => test(told(each, each))),
        )
        return [...addresses.map((test) => test(told(source, remote))), ...onward]
      })
      .map((taken) => (taken ? 1 : 0))
      .join('')
  const distinct = (list: readonly string[], key: (each: string) => string) => [
    ...new Map(list.toReversed().map((each) => [key(each), each])).values(),
  ]
  const peers = inside ? [own] : distinct(all, (each) => seen(each, undefined)).toReversed()
  const named = [...new Set(hops.filter((each) => each > 0))].flatMap((believed) =>
    distinct(all, (address) => seen(own, { address, hops: believed }))
      .toReversed()
      .map((address) => ({ address, hops: believed })),
  )
  const found = new Map<string, Partial<Variation>>()
  const add = (source: string, said: Said | undefined) => {
    const key = seen(source, said)
    if (found.has(key)) return
    const address = source === own ? {} : { address: source }
    const line = said && [said.address, ...new Array<string>(said.hops - 1).fill(own)].join(', ')
    const headers = line === undefined ? {} : { headers: [['x-forwarded-for', line] as const] }
    const size = Number(source !== own) + Number(said !== undefined)
    found.set(key, size === 0 ? {} : { ...address, ...headers, size })
  }
  for (const source of peers) add(source, undefined)
  for (const said of named) for (const source of peers) add(source, said)
  return [...found.values()].sort((a, b) => (a.size ?? 0) - (b.size ?? 0))
}

/**
 * What blocks take and leave begins at 0, where a block begins, or behind the end of one; so these, and two a
 * reader knows to be anybody's, stand for every address.
 *
 * @param blocks as written, `10.0.0.0/8` or one address
 */
function addressesAround(blocks: Iterable<string>): readonly string[] {
  const near: string[] = []
  const behind: string[] = []
  for (const block of blocks) {
    const cidr = parseCidr(block)
    if (cidr === undefined) continue
    const { bits, base, prefix } = cidr
    const write = bits === 32 ? written4 : written6
    near.push(write(base))
    if (prefix < bits) near.push(write(base + 1n))
    const next = base + (1n << BigInt(bits - prefix))
    if (next < 1n << BigInt(bits)) behind.push(write(next))
  }
  return [...new Set([somebody, ...near, '203.0.113.77', '2001:db8::77', ...behind, '0.0.0.0', '::'])]
}

function written4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.')
}

function written6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((value >> BigInt(112 - at * 16)) & 65535n).toString(16),
  )
  const text = groups.join(':')
  const zeros = /(?:(?:^|:)0)+$/.exec(text)
  return zeros === null ? text : `${text.slice(0, zeros.index)}::`
}
