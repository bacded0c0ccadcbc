/** What change commands say where there is nothing to do. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { typed } from './change/commands.ts'

test('a file that a plan was asked for stays empty where nothing has to change', async () => {
  const words = ['m2m', 'enable', '-f', 'profile:26.03']
  const { out, err, code } = await typed([...words, '-o', 'plan'])
  assert.deepEqual([out, code], ['', 0])
  assert.match(err, /nothing has to change/)
  assert.match(err, /kubectl create token/)
  const page = await typed(words)
  assert.match(page.out, /kubectl create token/)
})

test('migrate authn-filter does not advise a way that is gone already', async () => {
  const { out, code } = await typed(['migrate', 'authn-filter', '-f', 'profiles/v1.6/release'])
  assert.equal(code, 0)
  assert.match(out, /1\. --by split-gateway\n {3}changes {6}none: it is so already/)
  assert.match(out, /Nothing has to change: the gateway for calls inside has pods of its own/)
})

const report = ['migrate', 'authn-filter', '-f', 'profiles/v1.6/release']
for (const [extra, words] of [
  [['--apply'], /`--apply` needs to know which way.*--by/s],
  [['-o', 'plan'], /`-o plan` needs to know which way/],
  [['--dry-run', 'client'], /`--dry-run` needs to know which way/],
  [['hosts'], /`hosts` is one argument too many/],
  [['--path', 'v1'], /`--path v1` is not understood/],
] as const)
  test(`migrate authn-filter ${extra.join(' ')}: nothing is planned without a way`, async () => {
    const { out, err, code } = await typed([...report, ...extra])
    assert.deepEqual([out, code], ['', 2])
    assert.match(err, words)
  })

test('each way is headed by what plans it', async () => {
  const { out } = await typed([...report, '--path', '/v1/*', '--path', '/v2/models'])
  assert.match(out, /2\. --by hosts --host kubeflow\.example\.com\n/)
  assert.match(out, /3\. --by paths --path '\/v1\/\*' \/v2\/models\n/)
})

test('a way that is refused says why, and what to do, in its one line', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-words-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const earlier = join(folder, 'earlier.yaml')
  writeFileSync(
    earlier,
    `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: dex-auth, namespace: istio-system }
spec: {}
`,
  )
  const { out, code } = await typed([...report, '-f', earlier])
  assert.equal(code, 0)
  assert.match(
    out,
    /\n {3}not here: .* is refused: there is an AuthorizationPolicy .* already; is it of an earlier try\?/,
  )
})

for (const [words, names] of [
  [
    [
      'migrate',
      'authn-filter',
      '--by',
      'paths',
      '--path',
      '/v1/*',
      '--provider',
      'a',
      '--gateway',
      'kubeflow/kubeflow-gateway',
    ],
    'v1.6',
  ],
  [
    ['m2m', 'enable', '--audience', 'a', 'b', '--proxy-image', 'x', '--gateway', 'kubeflow/kubeflow-gateway'],
    '26.03',
  ],
  [['migrate', 'oauth2-proxy', '--image', 'kfdoor:x', '--workload', 'oauth2-proxy/oauth2-proxy'], '26.03'],
] as const)
  test(`a plan says how it was asked for: ${words.join(' ')}`, async () => {
    const { out } = await typed([...words, '-f', `profiles/${names}/release`, '-o', 'json'])
    const options = words.filter((word) => word.startsWith('--'))
    const { command } = (JSON.parse(out) as { spec: { command: readonly string[] } }).spec
    for (const option of options) assert.ok(command.includes(option), `${option} in ${command.join(' ')}`)
  })
