/** The `filter` parameter: backend/src/apiserver/filter/filter.go. All predicates have to hold. */

import { invalid, Refusal } from '../failure.ts'
import { DecodeError, located } from '../wire/decode.ts'
import { type ApiVersion, readMessage } from '../wire/query.ts'
import type { Value } from './database.ts'

type Scalar = string | number
export interface Predicate {
  readonly operation: Operation
  /** The API's name of the field, as the caller wrote it. */
  readonly key: string
  readonly value: Scalar | readonly Scalar[]
}

const comparisons = {
  EQUALS: '=',
  NOT_EQUALS: '<>',
  GREATER_THAN: '>',
  GREATER_THAN_EQUALS: '>=',
  LESS_THAN: '<',
  LESS_THAN_EQUALS: '<=',
} as const
type Operation = keyof typeof comparisons | 'IN' | 'IS_SUBSTRING'

/** The Go type a refusal names, by the field the value came in. */
const goTypes: Readonly<Record<string, string>> = {
  int_value: 'int32',
  long_value: 'int64',
  string_value: 'string',
  timestamp_value: 'int64',
  int_values: '[]int32',
  long_values: '[]int64',
  string_values: '[]string',
}

/** @throws Refusal for a filter that is not JSON, has unknown fields, or an operation its value does not fit */
export function parseFilter(text: string, api: ApiVersion): readonly Predicate[] {
  if (text === '') return []
  const failed = (reason: string) =>
    invalid(`failed to parse valid filter from ${JSON.stringify(text)}: ${reason}`)
  let decoded: string
  try {
    // Already decoded once as a query parameter; Pipelines decodes it a second time.
    decoded = decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw failed('invalid URL escape')
  }
  let fields: ReturnType<typeof readMessage>
  try {
    fields = readMessage(api === 'v1beta1' ? 'filterV1' : 'filterV2', JSON.parse(decoded))
  } catch (error) {
    if (error instanceof DecodeError) throw failed(`proto: ${located(error, decoded)}`)
    if (error instanceof SyntaxError) throw failed('proto: syntax error: not JSON')
    throw error
  }
  const predicates = (fields.predicates ?? []) as readonly Readonly<Record<string, unknown>>[]
  return predicates.map((predicate) => readPredicate(predicate, api))
}

function readPredicate(predicate: Readonly<Record<string, unknown>>, api: ApiVersion): Predicate {
  const operation = (predicate[api === 'v1beta1' ? 'op' : 'operation'] ?? 'unknown') as string
  if (!(operation in comparisons) && operation !== 'IN' && operation !== 'IS_SUBSTRING') {
    throw new Refusal(
      3,
      `UnknownApiVersionError: Error using Filter.Predicate.Operation with ${goOperation(api)}`,
      `Error using Filter.Predicate.Operation with ${goOperation(api)}`,
    )
  }
  const field = Object.keys(goTypes).find((name) => name in predicate)
  if (field === undefined) {
    const text = 'Error using Filter.Predicate.Value with <nil>'
    throw new Refusal(3, `UnknownApiVersionError: ${text}`, text)
  }
  const given = predicate[field]
  const value = (
    typeof given === 'object' ? ((given as { values?: Scalar[] }).values ?? []) : given
  ) as Predicate['value']
  const key = (predicate.key ?? '') as string
  if (key === '') {
    throw invalid(`Predicate key cannot be empty for operation ${operation} and value ${String(value)}`)
  }
  const type = goTypes[field]
  if (operation === 'IN' && typeof value !== 'object') {
    throw invalid(`cannot use IN operator with scalar type ${type}`)
  }
  if (operation in comparisons && typeof value === 'object') {
    throw invalid(`cannot use scalar operator ${operation} on array type ${type}`)
  }
  if (operation === 'IS_SUBSTRING' && typeof value !== 'string') {
    throw invalid(`cannot use non string value type ${type} with operator ${operation}`)
  }
  return { operation: operation as Operation, key, value }
}

const goOperation = (api: ApiVersion) =>
  api === 'v1beta1' ? 'go_client.Predicate_Op' : 'go_client.Predicate_Operation'

/** One condition and its values. The column is ours, never the caller's text. */
export function predicateSql(predicate: Predicate, column: string): readonly [sql: string, values: Value[]] {
  const { operation, value } = predicate
  if (typeof value === 'object') {
    if (value.length === 0) return ['1 = 0', []]
    return [`${column} IN (${value.map(() => '?').join(', ')})`, [...value]]
  }
  if (operation === 'IS_SUBSTRING') return [`${column} LIKE '%' || ? || '%'`, [value]]
  return [`${column} ${comparisons[operation as keyof typeof comparisons]} ?`, [value]]
}
