/**
 * How 2.0.0-alpha.5 told what it was doing. It wrapped a refusal in fewer and other sentences than
 * 2.x, whose sentences the handlers use; each 2.x sentence is looked up here.
 */

/** `undefined`: no such step there. `$n` is filled from the pattern. */
type Row = readonly [sentence: RegExp, old: string | undefined]

const api = 'Failed to authorize with API resource references'

/** The steps around authorization. */
const authorizing: readonly Row[] = [
  [/^failed to authorize with API$/i, api],
  [/^Failed to access \w+ .*Check if you have access to namespace/, api],
  [/^Failed to access pipeline .*Check if it exists/, 'Failed to authorize with the Pipeline ID.'],
  [/^Failed to authorize with the (run|experiment) ID/, 'Failed to authorize with the $1 ID.'],
  [/^failed to authorize with the recurring run ID$/, 'Failed to authorize with the job ID.'],
  [
    /^Failed to list (runs|recurring runs) due to authorization error/,
    'Failed to authorize with namespace resource reference.',
  ],
  [/^Failed to create a (run|recurring run) due to authorization error/, 'Failed to authorize the request'],
  [/^Failed to (get|delete) a pipeline due authorization error/, 'Failed to authorize the requests.'],
  [/^Failed to (list pipelines|fetch a pipeline) due to authorization error/, api],
]

/** The outermost sentence, which was said only when the work itself failed. */
const working: readonly Row[] = [
  [/^Failed to create a v1beta1 experiment$/, 'Create experiment failed.'],
  [/^Failed to fetch v1beta1 experiment$/, 'Get experiment failed.'],
  [/^List v1beta1 experiments failed$/, 'List experiments failed.'],
  [/^Failed to create a new v1beta1 run$/, 'Failed to create a new run.'],
  [/^Failed to list v1beta1 runs$/, 'Failed to list runs.'],
  [/^Failed to list jobs$/, 'Failed to list jobs.'],
  [/^Failed to list pipelines \(v1beta1\)/, 'List pipelines failed.'],
  [/^Failed to get a pipeline \(v1beta1\) with name/, 'Get pipeline by name failed.'],
  [/^Failed to get a pipeline \(v1beta1\)/, 'Get pipeline failed.'],
  [/^Failed to delete pipeline \(v1beta1\)/, 'Delete pipelines failed.'],
  [
    /^Failed to (delete|archive|unarchive|terminate|retry|get|create|fetch|enable|disable) .*(experiment|run)$/,
    undefined,
  ],
  [/^Failed to (fetch|archive|delete|terminate|retry|unarchive) run /, undefined],
]

/** The steps of a refusal as the old server would have told them, outermost first. */
export function oldSteps(steps: readonly string[]): readonly string[] {
  const isAuthorizing = steps.some((step) => /authoriz|^Failed to access/i.test(step))
  return steps.flatMap((step) => {
    const said = translated(step, authorizing)
    if (said !== step) return said === undefined ? [] : [said]
    const outer = translated(step, working)
    if (outer === step) return [step]
    return outer === undefined || isAuthorizing ? [] : [outer]
  })
}

function translated(step: string, rows: readonly Row[]): string | undefined {
  for (const [sentence, old] of rows) {
    const match = sentence.exec(step)
    if (match) return old?.replace('$1', match[1] ?? '')
  }
  return step
}
