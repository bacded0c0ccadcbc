/** A stored schedule as each API version shows it. */
import { reference } from './references.ts'
import { sourceReferences, sourceToApi, sourceToApiV1 } from './source.ts'
import type { Row } from './store/database.ts'
import { compact, timestamp } from './wire/encode.ts'

/** int64 is text in protobuf's JSON; times are RFC 3339. */
function triggerToApi(row: Row): Record<string, unknown> | undefined {
  const schedules = JSON.parse(row.Schedule as string) as Record<string, Record<string, unknown>>
  const shown = Object.entries(schedules).map(([name, schedule]) => [
    name,
    compact({
      start_time: moment(schedule.start_time),
      end_time: moment(schedule.end_time),
      cron: schedule.cron,
      interval_second: schedule.interval_second === undefined ? undefined : String(schedule.interval_second),
    }),
  ])
  return shown.length === 0 ? undefined : Object.fromEntries(shown)
}

const moment = (seconds: unknown) => (typeof seconds === 'number' ? timestamp(seconds) : undefined)

const common = (row: Row) => ({
  description: row.Description,
  service_account: row.ServiceAccount,
  created_at: timestamp(row.CreatedAtInSec as number),
  updated_at: timestamp(row.UpdatedAtInSec as number),
  max_concurrency: String(row.MaxConcurrency),
  no_catchup: row.NoCatchup === 1,
})

export function recurringRunToApi(row: Row): Record<string, unknown> {
  const enabled = row.Enabled === 1
  return compact({
    recurring_run_id: row.UUID,
    display_name: row.DisplayName,
    ...common(row),
    ...sourceToApi(row),
    trigger: triggerToApi(row) ?? {},
    mode: enabled ? 'ENABLE' : 'DISABLE',
    status: enabled ? 'ENABLED' : 'DISABLED',
    namespace: row.Namespace,
    experiment_id: row.ExperimentUUID,
  })
}

export function jobToApiV1(row: Row): Record<string, unknown> {
  return compact({
    id: row.UUID,
    name: row.DisplayName,
    ...common(row),
    pipeline_spec: sourceToApiV1(row),
    resource_references: [
      ...(row.Namespace === '' ? [] : [reference('NAMESPACE', row.Namespace as string, 'OWNER')]),
      reference('EXPERIMENT', row.ExperimentUUID as string, 'OWNER'),
      ...sourceReferences(row),
    ],
    trigger: triggerToApi(row),
    status: row.Enabled === 1 ? 'Enabled' : 'Disabled',
    enabled: row.Enabled === 1,
  })
}
