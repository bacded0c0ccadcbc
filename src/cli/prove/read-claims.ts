import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../base/index.ts'
import { isPathTemplate, parsePrincipal, type Verdict } from '../../policy/index.ts'
import type { Claim } from '../../regions/index.ts'
import type { Io } from '../io.ts'
import { kindOf, type Located, readLocated } from '../located-yaml.ts'

// `claims/` lies beside `src` in a checkout and beside `dist` in the package.
const library = new URL('../../../claims/', import.meta.url)

function claimsNames(): readonly string[] {
  return readdirSync(library)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort()
}

/**
 * A claims file, `-`, or `claims:NAME` of the ones kfdoor brings.
 *
 * @throws Fault ERR_INPUT_UNREADABLE, ERR_MESH_INVALID with the line, ERR_USAGE
 */
export async function readClaims(io: Pick<Io, 'readStdin'>, from: string): Promise<readonly Claim[]> {
  const root = await readLocated(io, fileOf(from))
  const claims = kindOf(root, 'Claims', 'claims').map(readClaim)
  // Nothing claimed is nothing proved: it must not look like a pass.
  if (claims.length === 0) root.wrong('`claims` is an empty list')
  const seen = new Set<string>()
  for (const { name, at } of claims) {
    if (seen.has(name)) at.wrong(`two claims are called \`${name}\``)
    seen.add(name)
  }
  return claims.map(({ at, ...claim }) => claim)
}

function fileOf(from: string): string {
  if (!from.startsWith('claims:')) return from
  const name = from.slice('claims:'.length)
  if (!claimsNames().includes(name)) {
    throw new Fault('ERR_USAGE', {
      message: `there are no claims \`${name}\``,
      next: `use one of ${claimsNames()
        .map((each) => `claims:${each}`)
        .join(', ')}, or a file`,
    })
  }
  return fileURLToPath(new URL(`${name}.yaml`, library))
}

const conditions = [
  'principal',
  'notPrincipal',
  'method',
  'notMethod',
  'host',
  'notHost',
  'path',
  'notPath',
] as const

function readClaim(entry: Located): Claim & { readonly at: Located } {
  const { name, never, always } = entry.fields('a claim', ['name', 'never', 'always'])
  if (name === undefined) return entry.wrong('a claim needs a `name`')
  if ((never === undefined) === (always === undefined)) {
    return entry.wrong('a claim says either `never` or `always`')
  }
  const kind = never === undefined ? 'always' : 'never'
  const body = (never ?? always) as Located
  const fields = body.fields(`\`${kind}\``, [...conditions, 'header', 'reaches'])
  const patterns = Object.fromEntries(
    conditions.flatMap((field) => {
      const value = fields[field]
      if (value === undefined) return []
      const texts = value.texts(`\`${field}\``)
      for (const text of texts) {
        const why = unsayable(field, text)
        if (why !== undefined) value.wrong(`\`${text}\` is ${why}`)
      }
      return [[field, texts]]
    }),
  )
  const { reaches, header } = fields
  if (reaches === undefined) return body.wrong('a claim says what it `reaches`')
  const to = reaches.fields('`reaches`', ['service', 'verdict', 'header'])
  return {
    at: entry,
    name: name.text('`name`') || name.wrong('`name` is empty'),
    kind,
    ...patterns,
    ...(header && { header: readHeaders(header) }),
    reaches: {
      ...(to.service && { service: to.service.texts('`service`') }),
      ...(to.verdict && {
        verdict: to.verdict.texts('`verdict`').map((text) => verdictOf(text, to.verdict)),
      }),
      ...(to.header && { header: readHeaders(to.header) }),
    },
  }
}

/** RFC 9110, token. */
const token = /^[\w!#$%&'*+.^`|~-]+$/

/**
 * Why no request can be so. A misspelled caller or a path without its slash is nobody and nothing, and
 * a claim about nothing would hold.
 */
function unsayable(field: (typeof conditions)[number], text: string): string | undefined {
  switch (field.replace(/^not/, '').toLowerCase()) {
    case 'principal':
      if (text.includes('*') || parsePrincipal(text) !== undefined) return undefined
      return 'no principal; write anonymous, outside, user:EMAIL, sa:NS/NAME or mesh:NS/SA, or a pattern with `*`'
    case 'path':
      if (!/^[/*][^\s?#]*$/.test(text)) return 'no path: it begins with `/` or `*`, and has no query in it'
      if (!isPathTemplate(text) || !/[{}]/.test(text.replace(/\{\*\*?\}/g, ''))) return undefined
      return 'no path template: its braces hold `*` or `**`'
    case 'host':
      return /^[^\s/?#]+$/.test(text) ? undefined : 'no host'
    default:
      return token.test(text) ? undefined : 'no method'
  }
}

/** `name: pattern`, `name: [patterns]`; a lone name asks for presence. */
function readHeaders(header: Located): readonly (readonly [string, readonly string[]])[] {
  return header.entries('`header`').map(([name, value]) => {
    if (!token.test(name)) return header.wrong(`\`${name}\` is no header's name`)
    const texts = value.texts(`header \`${name}\``)
    if (texts.some((text) => /[\0\r\n]/.test(text))) value.wrong(`header \`${name}\` has more than one line`)
    return [name.toLowerCase(), texts] as const
  })
}

const verdicts: readonly Verdict[] = [
  'allow',
  'deny',
  'challenge',
  'redirect',
  'not-found',
  'unavailable',
  'unknown',
]

function verdictOf(text: string, at: Located | undefined): Verdict {
  const found = verdicts.find((verdict) => verdict === text)
  return found ?? (at as Located).wrong(`\`${text}\` is no verdict; there are ${verdicts.join(', ')}`)
}
