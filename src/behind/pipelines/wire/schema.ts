/**
 * The messages a caller may send, by field, as in backend/api/{v1beta1,v2beta1}/*.proto. A field that
 * only the server fills in is listed too: a caller may send it back, and it is ignored.
 */
export type Field =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'double'
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
  /** Groups of fields of which at most one may be given. */
  readonly oneof?: readonly (readonly string[])[]
}

const repeated = (field: Field): Field => ({ repeated: field })

const parameter: Message = { name: 'api.Parameter', fields: { name: 'string', value: 'string' } }

export const resourceTypes = {
  UNKNOWN_RESOURCE_TYPE: 0,
  EXPERIMENT: 1,
  JOB: 2,
  PIPELINE: 3,
  PIPELINE_VERSION: 4,
  NAMESPACE: 5,
} as const

const resourceReference: Message = {
  name: 'api.ResourceReference',
  fields: {
    key: {
      message: { name: 'api.ResourceKey', fields: { type: { enum: resourceTypes }, id: 'string' } },
    },
    name: 'string',
    relationship: { enum: { UNKNOWN_RELATIONSHIP: 0, OWNER: 1, CREATOR: 2 } },
  },
}

const pipelineSpecV1: Message = {
  name: 'api.PipelineSpec',
  fields: {
    pipeline_id: 'string',
    pipeline_name: 'string',
    workflow_manifest: 'string',
    pipeline_manifest: 'string',
    parameters: repeated({ message: parameter }),
    runtime_config: {
      message: {
        name: 'api.PipelineSpec.RuntimeConfig',
        fields: { parameters: 'values', pipeline_root: 'string' },
      },
    },
  },
}

const url = (pkg: string): Field => ({
  message: { name: `${pkg}.Url`, fields: { pipeline_url: 'string' } },
})

const trigger = (pkg: string): Field => {
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
      oneof: [['cron_schedule', 'periodic_schedule']],
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
  oneof: [
    [
      'int_value',
      'long_value',
      'string_value',
      'timestamp_value',
      'int_values',
      'long_values',
      'string_values',
    ],
  ],
})

const v2 = 'kubeflow.pipelines.backend.api.v2beta1'

const versionReference: Field = {
  message: {
    name: `${v2}.PipelineVersionReference`,
    fields: { pipeline_id: 'string', pipeline_version_id: 'string' },
  },
}
const runtimeConfig: Field = {
  message: {
    name: `${v2}.RuntimeConfig`,
    fields: { parameters: 'values', pipeline_root: 'string' },
  },
}
const source = [['pipeline_version_id', 'pipeline_spec', 'pipeline_version_reference']]
const pipelineV2: Message = {
  name: `${v2}.Pipeline`,
  fields: {
    pipeline_id: 'string',
    display_name: 'string',
    name: 'string',
    description: 'string',
    created_at: 'timestamp',
    namespace: 'string',
    error: 'ignored',
  },
}
const pipelineVersionV2: Message = {
  name: `${v2}.PipelineVersion`,
  fields: {
    pipeline_id: 'string',
    pipeline_version_id: 'string',
    display_name: 'string',
    name: 'string',
    description: 'string',
    created_at: 'timestamp',
    package_url: url(v2),
    code_source_url: 'string',
    pipeline_spec: 'struct',
    error: 'ignored',
  },
}
const pipelineVersionV1: Message = {
  name: 'api.PipelineVersion',
  fields: {
    id: 'string',
    name: 'string',
    created_at: 'timestamp',
    parameters: repeated({ message: parameter }),
    code_source_url: 'string',
    package_url: url('api'),
    resource_references: repeated({ message: resourceReference }),
    description: 'string',
  },
}

export const messages = {
  experimentV1: {
    name: 'api.Experiment',
    fields: {
      id: 'string',
      name: 'string',
      description: 'string',
      created_at: 'timestamp',
      resource_references: repeated({ message: resourceReference }),
      storage_state: {
        enum: { STORAGESTATE_UNSPECIFIED: 0, STORAGESTATE_AVAILABLE: 1, STORAGESTATE_ARCHIVED: 2 },
      },
    },
  },
  experimentV2: {
    name: `${v2}.Experiment`,
    fields: {
      experiment_id: 'string',
      display_name: 'string',
      description: 'string',
      created_at: 'timestamp',
      namespace: 'string',
      storage_state: { enum: { STORAGE_STATE_UNSPECIFIED: 0, AVAILABLE: 1, ARCHIVED: 2 } },
      last_run_created_at: 'timestamp',
    },
  },
  pipelineV1: {
    name: 'api.Pipeline',
    fields: {
      id: 'string',
      created_at: 'timestamp',
      name: 'string',
      description: 'string',
      parameters: repeated({ message: parameter }),
      url: url('api'),
      error: 'string',
      default_version: { message: pipelineVersionV1 },
      resource_references: repeated({ message: resourceReference }),
    },
  },
  pipelineV2,
  pipelineVersionV1,
  pipelineVersionV2,
  pipelineAndVersionV2: {
    name: `${v2}.CreatePipelineAndVersionRequest`,
    fields: { pipeline: { message: pipelineV2 }, pipeline_version: { message: pipelineVersionV2 } },
  },
  runV1: {
    name: 'api.Run',
    fields: {
      id: 'string',
      name: 'string',
      storage_state: { enum: { STORAGESTATE_AVAILABLE: 0, STORAGESTATE_ARCHIVED: 1 } },
      description: 'string',
      pipeline_spec: { message: pipelineSpecV1 },
      resource_references: repeated({ message: resourceReference }),
      service_account: 'string',
      created_at: 'timestamp',
      scheduled_at: 'timestamp',
      finished_at: 'timestamp',
      status: 'string',
      error: 'string',
      metrics: 'ignored',
    },
  },
  runV2: {
    name: `${v2}.Run`,
    fields: {
      experiment_id: 'string',
      run_id: 'string',
      display_name: 'string',
      storage_state: { enum: { STORAGE_STATE_UNSPECIFIED: 0, AVAILABLE: 1, ARCHIVED: 2 } },
      description: 'string',
      pipeline_version_id: 'string',
      pipeline_spec: 'struct',
      pipeline_version_reference: versionReference,
      runtime_config: runtimeConfig,
      service_account: 'string',
      created_at: 'timestamp',
      scheduled_at: 'timestamp',
      finished_at: 'timestamp',
      state: {
        enum: {
          RUNTIME_STATE_UNSPECIFIED: 0,
          PENDING: 1,
          RUNNING: 2,
          SUCCEEDED: 3,
          SKIPPED: 4,
          FAILED: 5,
          CANCELING: 6,
          CANCELED: 7,
          PAUSED: 8,
        },
      },
      error: 'ignored',
      run_details: 'ignored',
      recurring_run_id: 'string',
      state_history: 'ignored',
    },
    oneof: source,
  },
  jobV1: {
    name: 'api.Job',
    fields: {
      id: 'string',
      name: 'string',
      description: 'string',
      pipeline_spec: { message: pipelineSpecV1 },
      resource_references: repeated({ message: resourceReference }),
      service_account: 'string',
      max_concurrency: 'int64',
      trigger: trigger('api'),
      mode: { enum: { UNKNOWN_MODE: 0, ENABLED: 1, DISABLED: 2 } },
      created_at: 'timestamp',
      updated_at: 'timestamp',
      status: 'string',
      error: 'string',
      enabled: 'bool',
      no_catchup: 'bool',
    },
  },
  recurringRunV2: {
    name: `${v2}.RecurringRun`,
    fields: {
      recurring_run_id: 'string',
      display_name: 'string',
      description: 'string',
      pipeline_version_id: 'string',
      pipeline_spec: 'struct',
      pipeline_version_reference: versionReference,
      runtime_config: runtimeConfig,
      service_account: 'string',
      max_concurrency: 'int64',
      trigger: trigger(v2),
      mode: { enum: { MODE_UNSPECIFIED: 0, ENABLE: 1, DISABLE: 2 } },
      created_at: 'timestamp',
      updated_at: 'timestamp',
      status: { enum: { STATUS_UNSPECIFIED: 0, ENABLED: 1, DISABLED: 3 } },
      error: 'ignored',
      no_catchup: 'bool',
      namespace: 'string',
      experiment_id: 'string',
    },
    oneof: source,
  },
  filterV1: {
    name: 'api.Filter',
    fields: { predicates: repeated({ message: predicate('api.Predicate', 'op') }) },
  },
  filterV2: {
    name: `${v2}.Filter`,
    fields: { predicates: repeated({ message: predicate(`${v2}.Predicate`, 'operation') }) },
  },
} satisfies Record<string, Message>
