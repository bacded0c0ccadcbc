/**
 * A process to be killed: starts sessions and ends every fifth, saying so once it is confirmed.
 * `+ id` started, `~ id` about to be ended, `- id` ended.
 */
import { writeSync } from 'node:fs'
import { createSessions } from './sessions.ts'
import { sqliteSessions } from './sqlite.ts'

const sessions = createSessions(sqliteSessions(process.argv[2] as string, Date.now), Date.now)
const user = { subject: 'sub', email: 'user@example.com', groups: [], userId: 'user@example.com' }
const say = (line: string) => writeSync(1, `${line}\n`)

for (let n = 1; ; n++) {
  const { id } = await sessions.start({ user, idToken: 'x'.repeat(1500) }, 3_600_000)
  say(`+ ${id}`)
  if (n % 5 !== 0) continue
  say(`~ ${id}`)
  await sessions.end(id)
  say(`- ${id}`)
}
