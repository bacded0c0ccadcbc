import type { Fields } from './fields.ts'
import type { HttpMatch, StringMatch } from './model.ts'
import { put } from './tree.ts'

/** One entry of `http[].match`. */
export function readHttpMatch(match: Fields): HttpMatch {
  const read: HttpMatch = {
    at: match.at,
    name: match.string('name'),
    uri: readMatchField(match, 'uri'),
    ignoreUriCase: match.bool('ignoreUriCase') ?? false,
    scheme: readMatchField(match, 'scheme'),
    method: readMatchField(match, 'method'),
    authority: readMatchField(match, 'authority'),
    headers: readMatches(match, 'headers'),
    withoutHeaders: readMatches(match, 'withoutHeaders'),
    queryParams: readMatches(match, 'queryParams'),
    port: match.int('port'),
    sourceLabels: match.record('sourceLabels') ?? {},
    sourceNamespace: match.string('sourceNamespace'),
    gateways: match.texts('gateways'),
    statPrefix: match.string('statPrefix'),
  }
  match.done()
  return read
}

function readMatchField(owner: Fields, name: string): StringMatch | undefined {
  const fields = owner.fields(name)
  return fields && readStringMatch(fields)
}

function readMatches(owner: Fields, name: string): Readonly<Record<string, StringMatch>> {
  const record: Record<string, StringMatch> = {}
  for (const [key, fields] of owner.named(name) ?? []) put(record, key, readStringMatch(fields))
  return record
}

const kinds = ['exact', 'prefix', 'regex'] as const

/** `{exact|prefix|regex: text}`; `{}` asks for presence. More than one is refused, as a proto oneof is. */
export function readStringMatch(fields: Fields): StringMatch {
  const written = kinds.flatMap((kind) => {
    const text = fields.text(kind)
    return text ? [{ at: text.at, kind, text: text.value }] : []
  })
  fields.done()
  if (written.length > 1) {
    fields.error(
      'conflicting-fields',
      `\`${fields.path}\` can have one of \`exact\`, \`prefix\` and \`regex\``,
    )
  }
  return written[0] ?? { at: fields.at, kind: 'none', text: '' }
}
