import { invalid } from '../failure.ts'
import { decode, type Fields } from './decode.ts'
import { messagesV1, resourceTypes } from './messages-v1.ts'
import { messagesV2 } from './messages-v2.ts'

export type ApiVersion = 'v1beta1' | 'v2beta1'

const messages = { ...messagesV1, ...messagesV2 }
export type MessageName = keyof typeof messages

/** @throws DecodeError */
export const readMessage = (name: MessageName, value: unknown): Fields => decode(messages[name], value)

/** What every list takes. */
export interface ListQuery {
  readonly pageToken: string
  readonly pageSize: number
  readonly sortBy: string
  readonly filter: string
}

export function listQuery(query: URLSearchParams): ListQuery {
  const size = parameter(query, 'page_size')
  if (size !== '' && !/^[+-]?\d{1,9}$/.test(size)) {
    throw invalid(
      `type mismatch, parameter: page_size, error: strconv.ParseInt: parsing ${JSON.stringify(size)}`,
    )
  }
  return {
    pageToken: parameter(query, 'page_token'),
    pageSize: Number(size),
    sortBy: parameter(query, 'sort_by'),
    filter: parameter(query, 'filter'),
  }
}

/** A query parameter by its proto name or its camelCase one, as the gateway takes both; '' when absent. */
export function parameter(query: URLSearchParams, name: string): string {
  const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return query.get(name) ?? query.get(camel) ?? ''
}

export interface ResourceKey {
  readonly type: keyof typeof resourceTypes
  readonly id: string
}

/** v1's `PREFIX.type` (a name or a number) and `PREFIX.id`; undefined when neither is given. */
export function resourceKey(query: URLSearchParams, prefix: string): ResourceKey | undefined {
  const type = parameter(query, `${prefix}.type`)
  const id = parameter(query, `${prefix}.id`)
  if (type === '' && id === '') return undefined
  const names = Object.keys(resourceTypes) as (keyof typeof resourceTypes)[]
  const name = names.find((known) => known === type || String(resourceTypes[known]) === type)
  if (type !== '' && name === undefined) {
    throw invalid(`type mismatch, parameter: ${prefix}.type, error: ${type} is not valid`)
  }
  return { type: name ?? 'UNKNOWN_RESOURCE_TYPE', id }
}
