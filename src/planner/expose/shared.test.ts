/** At a door that reads no accounts' tokens: what exposures share, and what the field report's way opens. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { asked, intend, now } from '../../../e2e/change/ask-exposure.ts'
import { afterwards, edited, reportedWays } from '../../../e2e/change/reports.ts'
import { viewOptions } from '../../cli/map/view-options.ts'
import { profileFiles } from '../../compose/profiles.ts'
import { type MeshInput, parseMesh } from '../../mesh/index.ts'
import { parsePrincipal } from '../../policy/index.ts'
import { type AccessDiff, diffAccess } from '../../regions/index.ts'
import { applyChanges } from '../apply-changes.ts'
import { readRawDoor } from '../raw-door.ts'
import { type ExposeAsk, usualAudience } from './ask.ts'
import { unexpose } from './unexpose.ts'

/** The release as it ships: without the demo's RequestAuthentication of the cluster's issuer. */
const files = profileFiles('v1.9', { tls: false, demo: true }).filter(
  ({ file }) => !file.endsWith('machines.yaml'),
)

const ask = (name: string, account: string): ExposeAsk => ({
  kind: 'model',
  name,
  to: [{ kind: 'sa', namespace: 'team-a', name: account }],
  public: false,
  audience: usualAudience,
  jwksUri: 'http://cluster-jwks-proxy.istio-system.svc.cluster.local/openid/v1/jwks',
  timeout: '300s',
})

const verdict = (inputs: readonly MeshInput[], as: string, path: string) => asked(inputs, as, 'POST', path)

const v1 = '/models/kubeflow-user-example-com/sklearn-iris/v1/models/sklearn-iris:predict'
const v2 = '/models/kubeflow-user-example-com/sklearn-irisv2/v2/models/sklearn-irisv2/infer'
const ci = `sa:team-a/ci,aud=${usualAudience}`
const etl = `sa:team-a/etl,aud=${usualAudience}`

test('two exposures share the keys and the fence, which go with the last of them', () => {
  const first = intend(files, ask('sklearn-iris', 'ci'))
  const one = applyChanges(files, first.changes, 'one.yaml')
  assert.deepEqual(
    first.changes
      .filter(({ object }) => object.name === 'kfdoor-accounts')
      .map(({ object }) => object.kind)
      .sort(),
    ['AuthorizationPolicy', 'RequestAuthentication'],
  )
  assert.equal(verdict(one, ci, v1), 'allow')
  assert.equal(verdict(one, ci, '/'), 'deny', 'a good token is no way into the dashboard')
  const two = applyChanges(one, intend(one, ask('sklearn-irisv2', 'etl')).changes, 'two.yaml')
  assert.equal(verdict(two, ci, v1), 'allow')
  assert.equal(verdict(two, etl, v2), 'allow')
  assert.equal(verdict(two, etl, v1), 'deny')
  assert.equal(verdict(two, etl, '/'), 'deny')
  const left = applyChanges(
    two,
    unexpose(readRawDoor(two), { kind: 'model', name: 'sklearn-iris' }).changes,
    'x',
  )
  assert.equal(verdict(left, etl, v2), 'allow')
  assert.notEqual(verdict(left, ci, v1), 'allow')
  const none = applyChanges(
    left,
    unexpose(readRawDoor(left), { kind: 'model', name: 'sklearn-irisv2' }).changes,
    'x',
  )
  assert.deepEqual(
    none.filter(({ text }) => text !== '').map(({ text }) => text),
    files.map(({ text }) => text),
  )
})

/** Field report 004's ways, by the words of docs/change.md. */
const way = (words: string): readonly MeshInput[] => {
  const found = reportedWays.find(({ report, way }) => report === '004' && way.includes(words))
  assert.ok(found)
  return afterwards(found)
}

function opened(after: readonly MeshInput[], before: readonly MeshInput[] = files): AccessDiff {
  const [old, fresh] = [parseMesh(before).mesh, parseMesh(after).mesh]
  const principal = parsePrincipal(ci)
  return diffAccess(old, fresh, {
    now,
    old: viewOptions(old),
    new: viewOptions(fresh),
    ...(principal && { principals: [principal] }),
  })
}

/** Distinct callers who gained, and distinct Services they got to. */
function figures({ gained }: AccessDiff): string {
  const plain = gained.filter(({ principal }) => !principal.endsWith('+forged'))
  const callers = new Set(plain.map(({ principal }) => principal))
  const services = new Set(plain.map(({ to }) => to.upstream))
  const many = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`
  return `${many(callers.size, 'caller')}, ${many(services.size, 'Service')}`
}

test('what field report 004 opens, and what one command opens in its place', () => {
  const [both, alone, ours] = [way('steps 1 and 3'), way('step 3 alone'), way('kfdoor expose')] as const
  const lines = [
    `steps 1 and 3 | ${figures(opened(both))} |`,
    `step 3 alone | ${figures(opened(alone))} |`,
    `\`kfdoor expose sklearn-iris --to sa:team-a/ci\` | ${figures(opened(ours))} |`,
  ]
  // Step 1 lets nobody in whom step 3 does not: a request with a token is not asked to sign in.
  const same = (each: AccessDiff) =>
    new Set(each.gained.map(({ principal, to }) => `${principal} ${to.upstream}`))
  assert.deepEqual(same(opened(both)), same(opened(alone)))
  const text = readFileSync(new URL('../../../docs/change.md', import.meta.url), 'utf8')
  for (const line of lines) assert.ok(text.includes(line), `docs/change.md should say: ${line}`)
  assert.equal(verdict(both, 'sa:anywhere/else', '/'), 'allow', 'the dashboard, to any account')
  assert.equal(verdict(ours, 'sa:anywhere/else', '/'), 'deny')
})

test('where the policy asks about calls with a token too, step 1 is what lets them through', () => {
  const policy = 'istio-system/istio-ingressgateway-oauth2-proxy'
  const figuresOf = (words: string) => {
    const found = reportedWays.find(({ report, way }) => report === '004' && way === words)
    assert.ok(found)
    const asking = found.world.after([
      edited(found.world, 'AuthorizationPolicy', policy, ({ spec }) => {
        delete spec.rules[0].when
      }),
    ])
    const theirs = found.changes.map((change) =>
      change.op === 'update'
        ? edited(asking, 'AuthorizationPolicy', policy, ({ spec }) => {
            spec.rules[0].to[0].operation.notPaths.push('/kfserving/*')
          })
        : change,
    )
    return figures(opened(asking.after(theirs).door.inputs, asking.door.inputs))
  }
  const text = readFileSync(new URL('../../../docs/change.md', import.meta.url), 'utf8')
  const [alone, both] = [figuresOf('step 3 alone'), figuresOf('steps 1 and 3')]
  assert.notEqual(alone, both)
  assert.ok(text.includes(`step 3 alone opens to ${alone}, and 1 and 3 to ${both}`), `${alone}; ${both}`)
})
