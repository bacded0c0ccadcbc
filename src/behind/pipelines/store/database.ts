import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Fault } from '../../../base/index.ts'

export type Value = string | number | null
export type Row = Readonly<Record<string, Value>>

/** Columns carry the API server's names (backend/src/apiserver/model), so that a sort key means the same. */
const schema = `
CREATE TABLE IF NOT EXISTS meta (Key TEXT PRIMARY KEY, Value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS experiments (
  UUID TEXT PRIMARY KEY, Name TEXT NOT NULL, Description TEXT NOT NULL, Namespace TEXT NOT NULL,
  StorageState TEXT NOT NULL, CreatedAtInSec INTEGER NOT NULL, LastRunCreatedAtInSec INTEGER NOT NULL,
  UNIQUE (Name, Namespace));
CREATE TABLE IF NOT EXISTS pipelines (
  UUID TEXT PRIMARY KEY, Name TEXT NOT NULL, DisplayName TEXT NOT NULL, Description TEXT NOT NULL,
  Namespace TEXT NOT NULL, CreatedAtInSec INTEGER NOT NULL, DefaultVersionId TEXT NOT NULL,
  UNIQUE (Name, Namespace));
CREATE TABLE IF NOT EXISTS pipeline_versions (
  UUID TEXT PRIMARY KEY, PipelineId TEXT NOT NULL REFERENCES pipelines (UUID) ON DELETE CASCADE,
  Name TEXT NOT NULL, DisplayName TEXT NOT NULL, Description TEXT NOT NULL, Status TEXT NOT NULL,
  CreatedAtInSec INTEGER NOT NULL, Parameters TEXT NOT NULL, PipelineSpec TEXT NOT NULL,
  PipelineSpecURI TEXT NOT NULL, CodeSourceUrl TEXT NOT NULL, SpecStruct TEXT NOT NULL,
  UNIQUE (PipelineId, Name));
CREATE TABLE IF NOT EXISTS run_details (
  UUID TEXT PRIMARY KEY, ExperimentUUID TEXT NOT NULL, DisplayName TEXT NOT NULL, Description TEXT NOT NULL,
  Namespace TEXT NOT NULL, StorageState TEXT NOT NULL, ServiceAccount TEXT NOT NULL,
  CreatedAtInSec INTEGER NOT NULL, ScheduledAtInSec INTEGER NOT NULL, FinishedAtInSec INTEGER NOT NULL,
  State TEXT NOT NULL, Conditions TEXT NOT NULL, StateHistory TEXT NOT NULL, JobUUID TEXT NOT NULL,
  K8SName TEXT NOT NULL, PipelineId TEXT NOT NULL, PipelineVersionId TEXT NOT NULL, PipelineName TEXT NOT NULL,
  PipelineSpecManifest TEXT NOT NULL, WorkflowSpecManifest TEXT NOT NULL, Parameters TEXT NOT NULL,
  RuntimeParameters TEXT NOT NULL, PipelineRoot TEXT NOT NULL, PipelineRuntimeManifest TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS run_experiment ON run_details (ExperimentUUID, CreatedAtInSec, UUID);
CREATE INDEX IF NOT EXISTS run_namespace ON run_details (Namespace, CreatedAtInSec, UUID);
CREATE TABLE IF NOT EXISTS jobs (
  UUID TEXT PRIMARY KEY, ExperimentUUID TEXT NOT NULL, DisplayName TEXT NOT NULL, Description TEXT NOT NULL,
  Namespace TEXT NOT NULL, ServiceAccount TEXT NOT NULL, MaxConcurrency INTEGER NOT NULL,
  NoCatchup INTEGER NOT NULL, Enabled INTEGER NOT NULL, CreatedAtInSec INTEGER NOT NULL,
  UpdatedAtInSec INTEGER NOT NULL, Schedule TEXT NOT NULL, PipelineId TEXT NOT NULL,
  PipelineVersionId TEXT NOT NULL, PipelineName TEXT NOT NULL, PipelineSpecManifest TEXT NOT NULL,
  WorkflowSpecManifest TEXT NOT NULL, Parameters TEXT NOT NULL, RuntimeParameters TEXT NOT NULL,
  PipelineRoot TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS job_experiment ON jobs (ExperimentUUID, CreatedAtInSec, UUID);
`

/** Lists may be filtered in endless ways; that many different statements are kept prepared. */
const keptStatements = 256

export interface Database {
  readonly get: (sql: string, ...values: readonly Value[]) => Row | undefined
  readonly all: (sql: string, ...values: readonly Value[]) => readonly Row[]
  /** The number of rows changed. */
  readonly run: (sql: string, ...values: readonly Value[]) => number
  /** Everything in `work`, or nothing. `work` must not wait. */
  readonly transaction: <T>(work: () => T) => T
  /** Inserts the object's fields as a row. */
  readonly insert: (table: string, row: Row) => void
  readonly close: () => void
}

/** `PRAGMA user_version` of a store with the schema above. */
const version = 1

/**
 * A SQLite file of mode 0600 in WAL mode. A change is on disk when the call returns (`synchronous =
 * FULL`), so an answer that was sent is not lost to `kill -9`, nor to a power cut.
 *
 * @throws Fault ERR_PIPELINES_STORE
 */
export function openDatabase(path: string): Database {
  let db: DatabaseSync | undefined
  try {
    if (path !== ':memory:') {
      // Made here first, so that it never exists with wider permissions; SQLite copies them to -wal and -shm.
      closeSync(openSync(path, 'a', 0o600))
      chmodSync(path, 0o600)
    }
    db = new DatabaseSync(path, { timeout: 5000 })
    prepareStore(db)
    return databaseOf(db)
  } catch (cause) {
    db?.close()
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Fault('ERR_PIPELINES_STORE', { path, reason }, { cause })
  }
}

function prepareStore(db: DatabaseSync): void {
  const found = Number(db.prepare('PRAGMA user_version').get()?.user_version)
  if (found > version) throw new Error(`it was made by a newer kfdoor (version ${found} of the file)`)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;')
  db.exec(schema)
  db.exec(`PRAGMA user_version = ${version}`)
}

function databaseOf(db: DatabaseSync): Database {
  const statements = new Map<string, StatementSync>()
  function prepared(sql: string): StatementSync {
    const known = statements.get(sql)
    if (known) return known
    if (statements.size >= keptStatements) statements.delete(statements.keys().next().value as string)
    const statement = db.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  const run = (sql: string, ...values: readonly Value[]) => Number(prepared(sql).run(...values).changes)

  return {
    get: (sql, ...values) => prepared(sql).get(...values) as Row | undefined,
    all: (sql, ...values) => prepared(sql).all(...values) as unknown as Row[],
    run,
    insert(table, row) {
      const names = Object.keys(row)
      run(
        `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
        ...Object.values(row),
      )
    },
    transaction(work) {
      db.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        db.exec('COMMIT')
        return result
      } catch (error) {
        db.exec('ROLLBACK')
        throw error
      }
    },
    close: () => db.close(),
  }
}

/** Whether the row was refused because its name is taken. */
export const isUniqueViolation = (error: unknown) =>
  error instanceof Error && /UNIQUE constraint failed/.test(error.message)
