import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cronProblem } from './cron.ts'

const rows: readonly (readonly [schedule: string, problem?: string])[] = [
  ['0 0 3 * * *'],
  ['0 0 3 * *'],
  ['*/15 1-5 0,12 1/2 jan-mar mon-fri'],
  ['? ? ? ? ? ?'],
  ['@daily'],
  ['@every 1h30m'],
  ['', 'Empty spec string'],
  ['* * * *', 'Expected 5 to 6 fields, found 4: * * * *'],
  ['* * * * * * *', 'Expected 5 to 6 fields, found 7: * * * * * * *'],
  ['60 * * * * *', 'End of range (60) above maximum (59): 60'],
  ['* * * 0 * *', 'Beginning of range (0) below minimum (1): 0'],
  ['5-1 * * * * *', 'Beginning of range (5) beyond end of range (1): 5-1'],
  ['x * * * * *', 'Failed to parse int from x'],
  ['1/0 * * * * *', 'Step of range should be a positive number: 1/0'],
  ['1-2-3 * * * * *', 'Too many hyphens: 1-2-3'],
  ['1/2/3 * * * * *', 'Too many slashes: 1/2/3'],
  ['@sometimes', 'Unrecognized descriptor: @sometimes'],
  ['@every now', 'Failed to parse duration @every now: invalid duration'],
]
for (const [schedule, problem] of rows) {
  test(`"${schedule}": ${problem ?? 'good'}`, () => assert.equal(cronProblem(schedule), problem))
}
