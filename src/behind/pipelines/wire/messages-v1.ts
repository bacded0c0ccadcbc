/** The v1beta1 messages a caller may send (backend/api/v1beta1/*.proto), fields of the server included. */
import { filter, type Message, repeated, trigger, url } from './schema.ts'

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

export const messagesV1 = {
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
  pipelineVersionV1,
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
  filterV1: filter('api', 'op'),
} satisfies Record<string, Message>
