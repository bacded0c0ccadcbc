import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { explainCommand } from '../commands/explain.ts'
import type { Io } from '../io.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-explain-'))
after(() => rmSync(folder, { recursive: true }))

/** As Dex would sign it; nobody did. */
function aDexToken(): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iss: 'http://dex.auth.svc.cluster.local:5556/dex', sub: 'a', email: 'a@b', exp: 4e9 }
  return `${part({ alg: 'RS256', kid: 'k' })}.${part(claims)}.${'A'.repeat(342)}`
}

async function run(
  ...words: string[]
): Promise<{ out: string; err: string; code: number | undefined; fault?: string }> {
  const said: string[] = []
  const told: string[] = []
  let code: number | undefined
  const io: Io = {
    out: (text) => void said.push(text),
    err: (text) => void told.push(text),
    env: {},
    tty: { in: false, out: false, err: false },
    readStdin: async () => '',
    exit: (value) => {
      code = value
    },
  }
  try {
    await explainCommand(io).exitOverride().parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!isFault(error)) throw error
    return { out: said.join('\n'), err: told.join('\n'), code, fault: `${error.number} ${error.message}` }
  }
  return { out: said.join('\n'), err: told.join('\n'), code }
}

const door = ['-f', 'profile:26.03']
const runs = 'https://localhost/pipeline/apis/v2beta1/runs?namespace=kubeflow-user-example-com'
const rows: readonly (readonly [words: string[], code: number, says: RegExp, why: string])[] = [
  [[runs, ...door], 1, /challenge +answered 401 "\{\}"/, 'an API route is told 401'],
  [
    ['-f', 'profile:v1.8', 'https://localhost/'],
    1,
    /challenge +answered 302 to \/dex\/auth\?client_id=/,
    'the old service redirects; options may stand before the URL',
  ],
  [
    ['--snapshot', 'profile:v1.6', 'https://localhost/dex/auth'],
    0,
    /\|\|dex\.auth/,
    'authservice leaves out what it is told to',
  ],
  [
    [runs, ...door, '--as', 'user:eve@example.com'],
    1,
    /> +application +rejected[\s\S]*the application answers 403/,
    'the application refuses by RBAC',
  ],
  [
    [
      '-f',
      'profile:26.03',
      '--',
      'curl',
      '-sk',
      '-XDELETE',
      '-H',
      'Authorization: Basic x',
      'https://localhost/',
    ],
    1,
    /^DELETE https:\/\/localhost\/[\s\S]*deny +answered 403/,
    'a pasted curl',
  ],
  [
    ['https://localhost/', ...door, '-H', `Authorization: Bearer ${aDexToken()}`],
    6,
    /unknown[\s\S]*with a good signature/,
    'whose keys are not in the YAML',
  ],
  [
    ['https://localhost/dex/..%2fpipeline/', ...door, '--hardening', 'default'],
    1,
    /deny +answered 400 "KFD1501/,
    'a kfdoor gateway refuses what can be read in two ways',
  ],
  [
    [
      'https://localhost/dex/auth',
      ...door,
      '--as',
      'anonymous+forged',
      '--hardening',
      'default',
      '-o',
      'json',
    ],
    0,
    /^(?!.*admin@example.com).*"client-headers-dropped"/,
    'and drops what only the door may say',
  ],
  [
    ['http://nowhere.at.all/', ...door, '--as', 'mesh:a/b'],
    6,
    /unknown +the YAML does not show what is behind/,
    'a host that is not in the YAML',
  ],
  [
    ['https://localhost/', ...door],
    1,
    /challenge +answered 403 with the sign-in page[\s\S]*signed in +allow as user:/,
    'nobody is asked to sign in, and what comes then',
  ],
  [['GET', 'http://localhost/', ...door], 1, /redirect +answered 301/, 'the plain port sends to the other'],
  [['https://localhost/dex/auth', ...door], 0, /reaches outbound\|5556\|\|dex\.auth/, 'the login is open'],
  [['https://localhost/', ...door, '--as', 'user:user@example.com'], 0, /allow/, 'the owner gets in'],
  [['https://localhost/', ...door, '-H', 'Authorization: Bearer x'], 1, /401/, 'a broken token'],
  [
    ['https://localhost/', ...door, '-H', 'Authorization: Basic x'],
    1,
    /deny +answered 403/,
    'no token at all',
  ],
]
for (const [words, code, says, why] of rows) {
  test(`explain ${words.filter((word) => !door.includes(word)).join(' ')}: ${why}`, async () => {
    const result = await run(...words)
    assert.equal(result.code, code, result.out)
    assert.match(result.out, says)
  })
}

test('-o json has the contract’s fields, each step with its line', async () => {
  const { out } = await run(
    'https://localhost/pipeline/',
    ...door,
    '--as',
    'user:user@example.com',
    '-o',
    'json',
  )
  const answer = JSON.parse(out)
  assert.equal(answer.verdict, 'allow')
  assert.equal(answer.upstreamPath, '/pipeline/')
  const route = answer.steps.find(({ phase }: { phase: string }) => phase === 'route')
  assert.equal(route.object.kind, 'VirtualService')
  assert.match(route.at.file, /routes\.yaml$/)
  assert.ok(route.at.line > 0 && route.rule.startsWith('http['))
})

test('no token is ever printed', async () => {
  const words = ['https://localhost/', ...door, '--as', 'sa:kubeflow-user-example-com/default-editor']
  for (const format of ['json', 'table']) {
    const { out } = await run(...words, '-o', format)
    assert.doesNotMatch(out, /eyJ/)
  }
})

test('a field Istio does not know is told, and the question answered', async () => {
  const file = join(folder, 'typo.yaml')
  writeFileSync(
    file,
    'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: a, namespace: b }\nspec: { rulez: [] }\n',
  )
  const { err, code } = await run('https://localhost/', ...door, '-f', file)
  assert.match(err, /typo\.yaml:4: .*unknown field `rulez`/)
  assert.equal(code, 1)
})

writeFileSync(join(folder, 'bad.yaml'), 'kind: Service\n  x: [')
writeFileSync(join(folder, 'empty.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\n')
writeFileSync(join(folder, 'cases.jsonl'), '{"id":1}\nnot json\n')
writeFileSync(join(folder, 'answer.json'), '[{}]')
const faults: readonly (readonly [words: string[], says: RegExp])[] = [
  [[], /KFD0100 explain needs a URL/],
  [['https://localhost/'], /KFD0100 explain needs a door/],
  [['ftp://x/', ...door], /KFD0100 `ftp:\/\/x\/` is no http/],
  [['get it', 'https://x/', ...door], /KFD0100 `get it` is no HTTP method/],
  [['get', 'https://x/', ...door], /KFD0100 `get` is no HTTP method; methods are written in capitals: `GET`/],
  [['GET', 'https://x/', 'more', ...door], /KFD0100 `more` is one word too many/],
  [['http://localhost:15021/', ...door], /KFD0104 .*port 15021/],
  [['https://u:p@x/', ...door], /KFD0100 a URL with a user or password/],
  [['https://x:99999/', ...door], /KFD0100 `x:99999` has no port/],
  [['https://[::1/', ...door], /KFD0100 `\[::1` is no host/],
  [['https://x/', ...door, '--cert', 'me'], /KFD0100 `me` is no SPIFFE name/],
  [['https://x/', ...door, '--istio-version', 'new'], /KFD0100 `new` is no Istio version/],
  [['https://x/', ...door, '--answer', join(folder, 'empty.yaml')], /KFD0101 .*it is not JSON/],
  [['https://x/', ...door, '--answer', join(folder, 'answer.json')], /KFD0101 .*needs a `status`/],
  [['https://localhost:1/', '-f', join(folder, 'empty.yaml')], /KFD0104/],
  [[...door, '--', 'curl', '--bogus', 'https://x/'], /KFD0100 curl's `--bogus` is not understood/],
  [['https://x/', ...door, '--as', 'bob'], /KFD0100 `bob` is no principal/],
  [['https://x/', ...door, '-H', 'nocolon'], /KFD0100 `nocolon` is no header line/],
  [['https://x/', '-f', join(folder, 'bad.yaml')], /KFD0103 .*bad\.yaml:\d+/],
  [['https://x/', '-f', join(folder, 'empty.yaml')], /KFD0104/],
  [['https://x/', '-f', join(folder, 'none.yaml')], /KFD0101/],
  [['--cases', join(folder, 'cases.jsonl'), '--config-dir', folder], /KFD\d+ /],
]
for (const [words, says] of faults) {
  test(`explain ${words.join(' ').replaceAll(folder, '')} is told what is wrong`, async () => {
    const { fault } = await run(...words)
    assert.match(fault ?? 'no fault', says)
  })
}
