/** The v2beta1 messages a caller may send (backend/api/v2beta1/*.proto), fields of the server included. */
import { type Field, filter, type Message, trigger, url } from './schema.ts'

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
const oneofs = { pipeline_source: ['pipeline_version_id', 'pipeline_spec', 'pipeline_version_reference'] }
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
export const messagesV2 = {
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
  pipelineV2,
  pipelineVersionV2,
  pipelineAndVersionV2: {
    name: `${v2}.CreatePipelineAndVersionRequest`,
    fields: { pipeline: { message: pipelineV2 }, pipeline_version: { message: pipelineVersionV2 } },
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
    oneofs,
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
    oneofs,
  },
  filterV2: filter(v2, 'operation'),
} satisfies Record<string, Message>
