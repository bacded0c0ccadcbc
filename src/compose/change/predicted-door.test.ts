import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planFor, refusal, worldOf } from '../../../e2e/change/intent-world.ts'
import type { AccessDiff } from '../../regions/index.ts'
import { checkAccess } from './predicted-door.ts'

test('whoever loses at the last proxy is said to be refused, not to get to where he is refused', () => {
  const door = worldOf([])
  const plan = planFor(door, { changes: [], risks: [], callers: [] }, 'expose iris')
  const fate = { upstream: 'outbound|80||iris', identity: {}, reason: 'allow-rule-matched' }
  const lost: AccessDiff['lost'][number] = {
    principal: 'mesh:auth/dex',
    from: { ...fate, verdict: 'allow' },
    to: { ...fate, verdict: 'deny' },
    witness: { method: 'GET', url: 'http://iris/', headers: [] },
  }
  const stale = { ...plan, spec: { ...plan.spec, access: { ...plan.spec.access, lost: [lost] } } }
  assert.match(
    refusal(() => checkAccess(stale, { before: door.mesh, after: door.mesh, incomplete: [] }, door)),
    /mesh:auth\/dex loses: outbound\|80\|\|iris → deny, as the plan says, and no longer/,
  )
})
