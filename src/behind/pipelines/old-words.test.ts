import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oldSteps } from './old-words.ts'

const api = 'Failed to authorize with API resource references'
const rows: readonly (readonly [about: string, steps: readonly string[], want: readonly string[]])[] = [
  [
    'a list of experiments that may not be seen',
    ['List v1beta1 experiments failed', 'Failed to authorize with API', 'Failed to authorize with API'],
    [api, api],
  ],
  [
    'a list of runs that may not be seen',
    [
      'Failed to list v1beta1 runs',
      'Failed to list runs due to authorization error. Check if you have permission to access namespace x',
      'Failed to access run . Check if you have access to namespace x',
    ],
    ['Failed to authorize with namespace resource reference.', api],
  ],
  [
    'an experiment that is not there',
    [
      'Failed to fetch v1beta1 experiment',
      'Failed to authorize the request',
      'Failed to authorize with the experiment ID',
    ],
    ['Failed to authorize the request', 'Failed to authorize with the experiment ID.'],
  ],
  ['the same, nobody asked', ['Failed to fetch v1beta1 experiment'], ['Get experiment failed.']],
  ['a run that cannot be stopped', ['Failed to terminate a v1beta1 run'], []],
  ['a bad filter', ['Failed to create list options'], ['Failed to create list options']],
]
for (const [about, steps, want] of rows) {
  test(`2.0.0-alpha.5 tells ${about} in its own words`, () => assert.deepEqual(oldSteps(steps), want))
}
