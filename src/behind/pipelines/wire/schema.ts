/** How a protobuf message is described here, and the parts both API versions share. */
export type Field =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  /** google.protobuf.Timestamp: RFC 3339 text; read as whole seconds. */
  | 'timestamp'
  /** google.protobuf.Struct. */
  | 'struct'
  /** map<string, google.protobuf.Value>. */
  | 'values'
  /** Read and dropped: nothing here depends on it. */
  | 'ignored'
  | { readonly enum: Readonly<Record<string, number>> }
  | { readonly message: Message }
  | { readonly repeated: Field }

export interface Message {
  /** The full protobuf name, for messages to people. */
  readonly name: string
  readonly fields: Readonly<Record<string, Field>>
  /** Groups of fields of which at most one may be given, by the group's name. */
  readonly oneofs?: Readonly<Record<string, readonly string[]>>
}

export const repeated = (field: Field): Field => ({ repeated: field })

export const url = (pkg: string): Field => ({
  message: { name: `${pkg}.Url`, fields: { pipeline_url: 'string' } },
})

export const trigger = (pkg: string): Field => {
  const span = { start_time: 'timestamp', end_time: 'timestamp' } as const
  return {
    message: {
      name: `${pkg}.Trigger`,
      fields: {
        cron_schedule: { message: { name: `${pkg}.CronSchedule`, fields: { ...span, cron: 'string' } } },
        periodic_schedule: {
          message: { name: `${pkg}.PeriodicSchedule`, fields: { ...span, interval_second: 'int64' } },
        },
      },
      oneofs: { trigger: ['cron_schedule', 'periodic_schedule'] },
    },
  }
}

const predicate = (name: string, verb: string): Message => ({
  name,
  fields: {
    [verb]: {
      enum: {
        [verb === 'op' ? 'UNKNOWN' : 'OPERATION_UNSPECIFIED']: 0,
        EQUALS: 1,
        NOT_EQUALS: 2,
        GREATER_THAN: 3,
        GREATER_THAN_EQUALS: 5,
        LESS_THAN: 6,
        LESS_THAN_EQUALS: 7,
        IN: 8,
        IS_SUBSTRING: 9,
      },
    },
    key: 'string',
    int_value: 'int32',
    long_value: 'int64',
    string_value: 'string',
    timestamp_value: 'timestamp',
    int_values: { message: { name: `${name}.IntValues`, fields: { values: repeated('int32') } } },
    long_values: { message: { name: `${name}.LongValues`, fields: { values: repeated('int64') } } },
    string_values: { message: { name: `${name}.StringValues`, fields: { values: repeated('string') } } },
  },
  oneofs: {
    value: [
      'int_value',
      'long_value',
      'string_value',
      'timestamp_value',
      'int_values',
      'long_values',
      'string_values',
    ],
  },
})

/** `verb` is how the API version calls a predicate's operation. */
export const filter = (pkg: string, verb: 'op' | 'operation'): Message => ({
  name: `${pkg}.Filter`,
  fields: { predicates: repeated({ message: predicate(`${pkg}.Predicate`, verb) }) },
})
