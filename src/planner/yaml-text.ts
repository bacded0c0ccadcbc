/** YAML as texts that are edited in place, read and written as the API server reads it. */
import { type Document, type LineCounter, parseAllDocuments, type ScalarTag } from 'yaml'
import { resolvePlain } from '../mesh/index.ts'

/** All but `<<`, which is the merge key's. */
const plain: ScalarTag = {
  tag: 'tag:yaml.org,2002:plain',
  default: true,
  test: /^(?!<<$)/,
  resolve: resolvePlain,
}

/** Words of YAML 1.1, merge keys, and of two keys alike the last: as `src/mesh` reads them. */
export function documentsOf(text: string, lineCounter?: LineCounter): readonly Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    schema: 'failsafe',
    customTags: [plain],
    merge: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
    ...(lineCounter && { lineCounter }),
  })
  return [...documents] as Document.Parsed[]
}

/** Texts that YAML 1.1 would take for something else get quotes. */
export const spelling = { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' } as const
