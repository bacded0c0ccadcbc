/** What the demo of each profile promises, asked of the engine: who gets to the models, and who does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { assumedKeys, compileDoor, explain, parsePrincipal } from '../policy/index.ts'
import { type ProfileName, profileFiles } from './profiles.ts'

const namespace = 'kubeflow-user-example-com'
const byHost = { host: `sklearn-iris.${namespace}.example.com`, path: '/v1/models/sklearn-iris:predict' }
const byPath = {
  host: 'localhost',
  path: `/serving/${namespace}/sklearn-irisv2/v2/models/sklearn-irisv2/infer`,
}
const inside = {
  host: `sklearn-iris.${namespace}.svc.cluster.local`,
  path: '/v1/models/sklearn-iris:predict',
}
const dashboard = { host: 'localhost', path: '/' }

const owner = 'user:user@example.com'
const editor = `sa:${namespace}/default-editor`
const predictor = 'allow inbound|8012||'
const front = 'allow inbound|8082||'

const rows: readonly (readonly [ProfileName, string, { host: string; path: string }, string])[] = [
  ['26.03', 'anonymous', byHost, 'challenge 302'],
  ['26.03', 'anonymous+forged', byHost, 'challenge 302'],
  ['26.03', owner, byHost, predictor],
  ['26.03', editor, byHost, predictor],
  ['26.03', `${editor},iss=https://kubernetes.default.svc`, byHost, predictor],
  ['26.03', `${editor},iss=https://elsewhere.example.com`, byHost, 'deny 401'],
  ['26.03', 'user:other@example.com', byHost, 'deny 403'],
  ['26.03', `sa:${namespace}/default-viewer`, byHost, 'deny 403'],
  ['26.03', 'sa:team-b/default-editor', byHost, 'deny 403'],
  ['26.03', 'sa:team-b/default-editor+forged', byHost, 'deny 403'],
  ['26.03', 'anonymous', byPath, 'challenge 302'],
  ['26.03', owner, byPath, predictor],
  ['26.03', editor, byPath, predictor],
  ['26.03', 'sa:team-b/default-editor', byPath, 'deny 403'],
  ['26.03', owner, dashboard, front],
  ['26.03', owner, { host: 'kubeflow.example.com:8443', path: '/' }, front],
  ['v1.9', 'anonymous', dashboard, 'challenge 302'],
  ['v1.9', owner, dashboard, front],
  ['v1.9', editor, dashboard, front],
  ['v1.8', 'anonymous', dashboard, 'challenge 302'],
  ['v1.8', owner, dashboard, front],
  ['v1.6', 'anonymous', byHost, 'challenge 302'],
  ['v1.6', 'anonymous+forged', byHost, 'challenge 302'],
  ['v1.6', owner, byHost, predictor],
  ['v1.6', 'user:other@example.com', byHost, 'deny 403'],
  ['v1.6', editor, byHost, 'challenge 302'],
  ['v1.6', owner, dashboard, front],
]

for (const [profile, principal, { host, path }, want] of rows) {
  test(`${profile}: ${principal} at ${host}${path}: ${want}`, () => {
    for (const tls of [true, false]) {
      assert.equal(ask(profile, { tls, demo: true }, principal, tls ? 'https' : 'http', host, path), want)
    }
  })
}

for (const profile of ['26.03', 'v1.9'] as const) {
  test(`${profile}: in the mesh, a header proves nothing to a predictor`, () => {
    const answer = ask(
      profile,
      { tls: false, demo: true },
      'mesh:team-b/default-editor+forged',
      'http',
      inside.host,
      inside.path,
    )
    assert.equal(answer, 'deny 403')
  })
}

test('26.03: with TLS, plain HTTP is sent to HTTPS', () => {
  assert.equal(ask('26.03', { tls: true, demo: true }, owner, 'http', 'localhost', '/'), 'redirect 301')
})

test('26.03: as released, no predictor lets anybody in who comes through a gateway', () => {
  const files = profileFiles('26.03', { tls: false, demo: true }).filter(
    ({ file }) => !file.endsWith('/policies.yaml') || file.includes('/release/'),
  )
  for (const principal of [owner, editor]) {
    assert.equal(answerOf(files, principal, 'http', byHost.host, byHost.path), 'deny 403')
  }
})

type Overlays = Parameters<typeof profileFiles>[1]

function ask(
  name: ProfileName,
  overlays: Overlays,
  principal: string,
  scheme: 'http' | 'https',
  host: string,
  path: string,
): string {
  return answerOf(profileFiles(name, overlays), principal, scheme, host, path)
}

/** Verdict, and the upstream or the status. */
function answerOf(
  files: ReturnType<typeof profileFiles>,
  as: string,
  scheme: 'http' | 'https',
  host: string,
  path: string,
): string {
  const door = compileDoor(parseMesh(files).mesh, { fetched: assumedKeys })
  const principal = parsePrincipal(as)
  assert.ok(principal)
  const method = path === '/' ? 'GET' : 'POST'
  const answer = explain(door, { method, scheme, host, path, headers: [], principal, now: 1_800_000_000 })
  if ('problem' in answer) return answer.problem
  const { decision } = answer
  if (decision.kind === 'forward') return `${decision.verdict} ${decision.upstream}`
  return decision.kind === 'reply' ? `${decision.verdict} ${decision.status}` : decision.verdict
}
