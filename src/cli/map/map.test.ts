import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { readInputs } from '../../compose/read-inputs.ts'
import { releaseAnswers } from '../../compose/release-answers.ts'
import { parseMesh } from '../../mesh/index.ts'
import { assumedKeys, compileDoor, explain, type Principal, parsePrincipal } from '../../policy/index.ts'
import type { Witness } from '../../regions/index.ts'
import { mapCommand } from '../commands/map.ts'
import type { Io } from '../io.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-map-'))
after(() => rmSync(folder, { recursive: true }))

async function run(...words: string[]): Promise<{ out: string; code: number | undefined; fault?: string }> {
  const said: string[] = []
  let code: number | undefined
  const io: Io = {
    out: (text) => void said.push(text),
    err: () => {},
    env: {},
    tty: { in: false, out: false, err: false },
    readStdin: async () => '',
    exit: (value) => {
      code = value
    },
  }
  try {
    await mapCommand(io).exitOverride().parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!isFault(error)) throw error
    return { out: said.join('\n'), code, fault: `${error.number} ${error.message}` }
  }
  return { out: said.join('\n'), code }
}

interface Row {
  readonly door: string
  readonly principal: string
  readonly route: { readonly id: string; readonly hosts: readonly string[]; readonly match: string }
  readonly verdict: string
  readonly reason: string
  readonly witness: Witness
}

async function rowsOf(...words: string[]): Promise<readonly Row[]> {
  return JSON.parse((await run(...words, '-o', 'json')).out).rows
}

for (const profile of ['26.03', 'v1.9', 'v1.8', 'v1.6']) {
  test(`every row of ${profile} is what explain says of its witness`, async () => {
    const rows = await rowsOf('-f', `profile:${profile}`)
    const { mesh } = parseMesh(await readInputs([`profile:${profile}`], async () => ''))
    const door = compileDoor(mesh, { fetched: assumedKeys })
    const provider = releaseAnswers(mesh)
    assert.ok(rows.length > 1000)
    for (const { principal, verdict, reason, witness } of rows) {
      const [, scheme, host = '', path = ''] = /^(https?):\/\/([^/]*)(.*)$/.exec(witness.url) ?? []
      const said = explain(door, {
        method: witness.method,
        scheme: scheme === 'https' ? 'https' : 'http',
        host,
        path,
        headers: witness.headers,
        principal: parsePrincipal(principal) as Principal,
        now: Date.now() / 1000,
        signature: () => false,
        ...(provider && { provider }),
      })
      const place = `${principal} ${witness.method} ${witness.url} ${JSON.stringify(witness.headers)}`
      assert.ok(!('problem' in said), place)
      assert.equal(`${said.verdict} ${said.reason}`, `${verdict} ${reason}`, place)
    }
  })
}

test('the releases’ doors: who reaches what', async () => {
  const verdicts = async (profile: string, principal: string, match: string) => {
    const rows = await rowsOf('-f', `profile:${profile}`, '--as', principal)
    return [...new Set(rows.filter((row) => row.route.match === match).map((row) => row.verdict))]
  }
  assert.deepEqual(await verdicts('26.03', 'anonymous', 'prefix /dex/'), ['allow'])
  assert.deepEqual(await verdicts('26.03', 'anonymous', 'prefix /pipeline'), ['challenge'])
  assert.deepEqual(await verdicts('26.03', 'user:user@example.com', 'prefix /ml_metadata'), ['allow'])
  const notebook = 'prefix /notebook/kubeflow-user-example-com/my-notebook/'
  assert.deepEqual(await verdicts('26.03', 'user:somebody-else@example.com', notebook), ['deny'])
  assert.deepEqual(await verdicts('26.03', 'user:user@example.com+forged', notebook), ['allow'])
})

test('callers are found, and each also forges', async () => {
  const rows = await rowsOf('-f', 'profile:26.03')
  const principals = new Set(rows.map((row) => row.principal))
  for (const name of [
    'anonymous',
    'user:user@example.com',
    'user:contributor@example.com',
    'sa:kubeflow-user-example-com/default-editor',
    'sa:kubeflow-user-example-com/default-editor,iss=https://unknown-issuer.example',
    'sa:kubeflow-user-example-com/default-editor,exp=past',
    'mesh:kubeflow/ml-pipeline-ui',
    'outside',
  ]) {
    assert.ok(principals.has(name) && principals.has(`${name}+forged`), name)
  }
})

test('no token is ever printed', async () => {
  const callers = ['user:user@example.com', 'sa:kubeflow-user-example-com/default-editor+forged']
  for (const format of ['json', 'table', 'csv', 'markdown', 'html']) {
    const as = callers.flatMap((name) => ['--as', name])
    const { out, code } = await run('-f', 'profile:26.03', '-o', format, ...as)
    assert.doesNotMatch(out, /eyJ/, format)
    assert.equal(code, 0)
  }
})

test('csv keeps a cell from being run as a formula, and html escapes what the YAML says', async () => {
  const file = join(folder, 'odd.yaml')
  writeFileSync(
    file,
    `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: istio-system}
spec:
  hosts: ["*"]
  gateways: [g]
  http:
  - {match: [{uri: {prefix: "/a,b"}, headers: {x-a: {exact: "<b>"}}}], directResponse: {status: 200}}
`,
  )
  const { out: page } = await run('-f', file, '-o', 'html', '--as', 'anonymous')
  assert.doesNotMatch(page, /<b>[^<]*<\/code>/)
  assert.match(page, /&#60;b&#62;/)
  const { out: csv } = await run('-f', file, '-o', 'csv', '--as', 'anonymous')
  assert.match(csv, /"prefix \/a,b, headers\[x-a\] exact <b>"/)
  const { out: markdown } = await run('-f', file, '-o', 'markdown', '--as', 'anonymous')
  assert.match(markdown, /`[^`]*exact <b>[^`]*`/)
  assert.equal(markdown.split('\n').length, 3)
})

test('the page runs its own script only, by its hash', async () => {
  const { out } = await run('-f', 'profile:v1.6', '-o', 'html', '--as', 'anonymous')
  const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(out) ?? []
  const hash = createHash('sha256').update(script).digest('base64')
  assert.ok(out.includes(`script-src 'sha256-${hash}'`))
  assert.match(out, /default-src 'none'/)
  assert.match(script, /split\(\/\\s\+\/\)/)
})

const faults: readonly (readonly [words: string[], says: RegExp])[] = [
  [[], /KFD0100 map needs a door/],
  [['-f', join(folder, 'none.yaml')], /KFD0101/],
  [['-f', 'profile:26.03', '--as', 'bob'], /KFD0100 `bob` is no principal/],
  [['-f', 'profile:0.1'], /KFD0100 there is no profile/],
  [['-f', 'profile:26.03', '--istio-version', 'new'], /KFD0100 `new` is no Istio version/],
]
for (const [words, says] of faults) {
  test(`map ${words.join(' ').replaceAll(folder, '')} is told what is wrong`, async () => {
    assert.match((await run(...words)).fault ?? 'no fault', says)
  })
}
