/** A stored run as each API version shows it. */
import { reference } from './references.ts'
import { type Entry, historyToApi, workflowStatus } from './run-state.ts'
import { sourceReferences, sourceToApi, sourceToApiV1 } from './source.ts'
import type { Row } from './store/database.ts'
import { parseManifest } from './template.ts'
import { compact, timestamp } from './wire/encode.ts'

export const historyOf = (row: Row) => JSON.parse(row.StateHistory as string) as Entry[]

export function runToApi(row: Row): Record<string, unknown> {
  return compact({
    experiment_id: row.ExperimentUUID,
    run_id: row.UUID,
    display_name: row.DisplayName,
    storage_state: row.StorageState,
    description: row.Description,
    ...sourceToApi(row),
    service_account: row.ServiceAccount,
    created_at: timestamp(row.CreatedAtInSec as number),
    scheduled_at: timestamp(row.ScheduledAtInSec as number),
    finished_at: timestamp(row.FinishedAtInSec as number),
    state: row.State,
    recurring_run_id: row.JobUUID,
    state_history: historyToApi(historyOf(row)),
  })
}

export function runToApiV1(row: Row): Record<string, unknown> {
  return compact({
    id: row.UUID,
    name: row.DisplayName,
    // AVAILABLE is the zero of v1's enum, and zeros are not written.
    storage_state: row.StorageState === 'ARCHIVED' ? 'STORAGESTATE_ARCHIVED' : undefined,
    description: row.Description,
    pipeline_spec: sourceToApiV1(row),
    resource_references: [
      ...(row.Namespace === '' ? [] : [reference('NAMESPACE', row.Namespace as string, 'OWNER')]),
      reference('EXPERIMENT', row.ExperimentUUID as string, 'OWNER'),
      ...(row.JobUUID === '' ? sourceReferences(row) : [reference('JOB', row.JobUUID as string, 'CREATOR')]),
    ],
    service_account: row.ServiceAccount,
    created_at: timestamp(row.CreatedAtInSec as number),
    scheduled_at: timestamp(row.ScheduledAtInSec as number),
    finished_at: timestamp(row.FinishedAtInSec as number),
    status: row.Conditions,
  })
}

export function runDetailToApiV1(row: Row): Record<string, unknown> {
  const manifest = row.WorkflowSpecManifest as string
  const workflow = manifest === '' ? {} : parseManifest(manifest).spec
  const last = historyOf(row).at(-1) as Entry
  return {
    run: runToApiV1(row),
    pipeline_runtime: { workflow_manifest: workflowStatus(workflow, last, row.K8SName as string) },
  }
}
