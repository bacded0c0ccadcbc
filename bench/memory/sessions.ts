/**
 * Run as a process of its own: `node sessions.ts COUNT` loads what `serve authz` runs with, keeps COUNT
 * sessions with 1 KB of claims in memory as it does, and prints its resident memory in MiB.
 */
import { readFileSync } from 'node:fs'
import '../../src/compose/serve-authz/serve-authz.ts'
import { giveBackStartMemory } from '../../src/compose/start-memory.ts'
import { memorySessions } from '../../src/sign-in/index.ts'
import { createSessions } from '../../src/sign-in/sessions/sessions.ts'

// As `serve authz` does before it says that it is ready.
giveBackStartMemory()
const sessions = createSessions(memorySessions(Date.now), Date.now)
const claims = 'x'.repeat(1024)
let last = ''
for (let at = 0; at < Number(process.argv[2]); at++) {
  const user = {
    subject: `subject-${at}`,
    email: `user-${at}@example.com`,
    userId: `user-${at}@example.com`,
    groups: ['team-a', 'team-b'],
  }
  last = (await sessions.start({ user, idToken: `${at}.${claims}` }, 86_400_000)).id
}
const found = await sessions.find(last)
if (Number(process.argv[2]) > 0 && found === undefined) throw new Error('the last session is not found')
// What is left over from filling is garbage a server would have collected long ago.
globalThis.gc?.()
await new Promise((later) => setTimeout(later, 500))
globalThis.gc?.()
const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
process.stdout.write(JSON.stringify({ mib: Number(kib) / 1024 }))
