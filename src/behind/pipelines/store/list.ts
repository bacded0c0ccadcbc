/**
 * Lists: sort, filter, page (backend/src/apiserver/list/list.go). A page token carries the sort, the
 * filter and the first key of the next page, so a caller that repeats only the token goes on where it
 * was; one that changes the query along the way is refused.
 */
import { invalid, invalidBecause } from '../failure.ts'
import type { ApiVersion, ListQuery } from '../wire/query.ts'
import type { Database, Row, Value } from './database.ts'
import { type Predicate, parseFilter, predicateSql } from './filter.ts'

/** One kind of resource that can be listed. */
export interface Listable {
  readonly table: string
  /** Its name in the API server, for refusals. */
  readonly type: string
  /** Names of the API → columns. */
  readonly columns: Readonly<Record<string, string>>
}

export interface ListOptions {
  readonly listable: Listable
  readonly pageSize: number
  readonly column: string
  readonly descending: boolean
  readonly predicates: readonly Predicate[]
  /** Where the page begins. */
  readonly from?: readonly [sort: Value, id: string]
}

export interface Page {
  readonly rows: readonly Row[]
  readonly totalSize: number
  readonly nextPageToken: string
}

const defaultPageSize = 20
const largestPageSize = 200

/** @throws Refusal for a sort, filter, page size or token the API server would refuse */
export function listOptions(listable: Listable, query: ListQuery, api: ApiVersion): ListOptions {
  if (query.pageSize < 0) {
    throw invalid(`The page size should be greater than 0. Got '\\x${(query.pageSize >>> 0).toString(16)}'`)
  }
  const pageSize = Math.min(query.pageSize || defaultPageSize, largestPageSize)
  if (query.pageToken === '') return { ...fresh(listable, query, api), pageSize }
  const resumed = readToken(listable, query.pageToken)
  if (query.sortBy !== '' || query.filter !== '') {
    const asked = fresh(listable, query, api)
    const same =
      asked.column === resumed.column &&
      asked.descending === resumed.descending &&
      JSON.stringify(asked.predicates) === JSON.stringify(resumed.predicates)
    if (!same) {
      throw invalid(
        'page token does not match the supplied sort by and/or filtering criteria. Either specify the same criteria or leave the latter empty if page token is specified',
      )
    }
  }
  return { ...resumed, pageSize }
}

type Unsized = Omit<ListOptions, 'pageSize'>

function fresh(listable: Listable, query: ListQuery, api: ApiVersion): Unsized {
  const [field, direction, ...rest] = query.sortBy.toLowerCase().split(/\s+/).filter(Boolean)
  if (rest.length > 0 || (direction !== undefined && direction !== 'desc' && direction !== 'asc')) {
    throw invalid(
      `Received invalid sort by format ${JSON.stringify(query.sortBy)}. Supported format: "field_name", "field_name desc", or "field_name asc"`,
    )
  }
  const column = columnOf(listable, field ?? 'created_at')
  if (column === undefined) {
    throw invalid(`Invalid sorting field: ${JSON.stringify(field)} on listable type ${listable.type}`)
  }
  const predicates = parseFilter(query.filter, api)
  for (const { key } of predicates) {
    if (columnOf(listable, key) === undefined) {
      throw invalid(`no support for filtering on unrecognized field ${JSON.stringify(key)}`)
    }
  }
  return { listable, column, descending: direction === 'desc', predicates }
}

const columnOf = (listable: Listable, field: string): string | undefined =>
  Object.hasOwn(listable.columns, field) ? listable.columns[field] : undefined

interface Token {
  readonly t: string
  readonly c: string
  readonly d: boolean
  readonly p: readonly Predicate[]
  readonly f: readonly [Value, string]
}

const writeToken = (token: Token) => Buffer.from(JSON.stringify(token)).toString('base64')

/** Everything in a token is checked again: it came through the caller's hands. */
function readToken(listable: Listable, text: string): Unsized {
  const refuse = (cause: string) => invalidBecause(cause, 'Invalid package token')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw refuse('illegal base64 data')
  let token: Partial<Token> | null
  try {
    token = JSON.parse(Buffer.from(text, 'base64').toString())
  } catch {
    throw refuse('not a page token of this server')
  }
  const { t, c, d, p, f } = token ?? {}
  const from = Array.isArray(f) && f.length === 2 && isKey(f[0]) && typeof f[1] === 'string'
  const known = typeof c === 'string' && Object.values(listable.columns).includes(c)
  if (t !== listable.table || !known || typeof d !== 'boolean' || !from || !Array.isArray(p)) {
    throw refuse('not a page token of this list')
  }
  if (!p.every((predicate) => isPredicate(listable, predicate))) throw refuse('a filter that no list has')
  return { listable, column: c, descending: d, predicates: p, from: f }
}

const isKey = (value: unknown) => typeof value === 'string' || typeof value === 'number'

const operations = /^((NOT_)?EQUALS|(GREATER|LESS)_THAN(_EQUALS)?|IN|IS_SUBSTRING)$/

function isPredicate(listable: Listable, value: unknown): boolean {
  const { key, operation, value: operand } = (value ?? {}) as Partial<Predicate>
  return (
    typeof key === 'string' &&
    columnOf(listable, key) !== undefined &&
    typeof operation === 'string' &&
    operations.test(operation) &&
    (operation === 'IN' ? Array.isArray(operand) && operand.every(isKey) : isKey(operand))
  )
}

type Condition = readonly [sql: string, values: readonly Value[]]

/** One page of the rows for which `scope` holds (columns that must have exactly these values). */
export function listRows(db: Database, options: ListOptions, scope: Readonly<Record<string, Value>>): Page {
  const { listable, column, descending, from, pageSize } = options
  const conditions: Condition[] = [
    ...Object.entries(scope).map(([name, value]) => [`${name} = ?`, [value]] as const),
    ...options.predicates.map((predicate) =>
      predicateSql(predicate, columnOf(listable, predicate.key) as string),
    ),
  ]
  const where = (all: readonly Condition[]) =>
    all.length === 0 ? '' : ` WHERE ${all.map(([sql]) => sql).join(' AND ')}`
  const counted = db.get(
    `SELECT count(*) AS n FROM ${listable.table}${where(conditions)}`,
    ...conditions.flatMap(([, values]) => values),
  )
  const [beyond, order] = descending ? ['<', 'DESC'] : ['>', 'ASC']
  const paged = from
    ? [
        ...conditions,
        [
          `(${column} ${beyond} ? OR (${column} = ? AND UUID ${beyond}= ?))`,
          [from[0], from[0], from[1]],
        ] as const,
      ]
    : conditions
  const rows = db.all(
    `SELECT * FROM ${listable.table}${where(paged)} ORDER BY ${column} ${order}, UUID ${order} LIMIT ${pageSize + 1}`,
    ...paged.flatMap(([, values]) => values),
  )
  const next = rows[pageSize]
  return {
    rows: rows.slice(0, pageSize),
    totalSize: Number(counted?.n ?? 0),
    nextPageToken: next
      ? writeToken({
          t: listable.table,
          c: column,
          d: descending,
          p: options.predicates,
          f: [next[column] ?? null, next.UUID as string],
        })
      : '',
  }
}
