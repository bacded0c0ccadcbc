import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { testCommand } from '../commands/test.ts'
import { whatCanCommand } from '../commands/what-can.ts'
import { whoCanCommand } from '../commands/who-can.ts'
import type { Io } from '../io.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-tests-'))
after(() => rmSync(folder, { recursive: true }))

const commands = { test: testCommand, 'what-can': whatCanCommand, 'who-can': whoCanCommand }

async function run(
  command: keyof typeof commands,
  ...words: string[]
): Promise<{ out: string; code: number | undefined; fault?: string }> {
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
    await commands[command](io).exitOverride().parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!isFault(error)) throw error
    return { out: said.join('\n'), code, fault: `${error.number} ${error.message}` }
  }
  return { out: said.join('\n'), code }
}

function file(name: string, ...tests: string[]): string {
  const path = join(folder, name)
  const head = 'apiVersion: kfdoor/v1alpha1\nkind: Tests\ntests:\n'
  writeFileSync(path, head + tests.map((each) => `- ${each}\n`).join(''))
  return path
}

const door = ['-f', 'profile:v1.9']
const request = 'request: {url: https://kubeflow.example.com/pipeline/}'
const rows: readonly (readonly [test: string, passes: boolean])[] = [
  [`{name: a, ${request}, expect: {verdict: challenge}}`, true],
  [`{name: a, ${request}, expect: {verdict: allow}}`, false],
  [`{name: a, ${request}, as: "user:user@example.com", expect: {service: ml-pipeline-ui}}`, true],
  [
    `{name: a, ${request}, as: "user:user@example.com", expect: {service: ml-pipeline-ui.kubeflow.svc.cluster.local}}`,
    true,
  ],
  [`{name: a, ${request}, as: "user:user@example.com", expect: {service: katib-ui}}`, false],
  [
    `{name: a, ${request}, as: "user:user@example.com+forged", expect: {headers: {kubeflow-userid: user@example.com}}}`,
    true,
  ],
  [
    `{name: a, ${request}, as: "user:user@example.com", expect: {headers: {kubeflow-userid: admin@example.com}}}`,
    false,
  ],
  [
    '{name: a, request: {url: http://kubeflow.example.com/}, expect: {status: 301, headers: {location: https://kubeflow.example.com/}}}',
    true,
  ],
  [`{name: a, ${request}, as: nobody, expect: {verdict: deny}}`, false],
  ['{name: a, request: {url: "ftp://x/"}, expect: {verdict: deny}}', false],
]
for (const [each, passes] of rows) {
  test(`${each} ${passes ? 'passes' : 'fails'}`, async () => {
    const { out, code } = await run('test', file('a.yaml', each), ...door, '-o', 'json')
    assert.equal(JSON.parse(out).tests[0].passed, passes, out)
    assert.equal(code, passes ? 0 : 1)
  })
}

test('junit and tap keep a name from being read as markup or a directive', async () => {
  const path = file('b.yaml', `{name: "<a> & # SKIP \\"b\\"", ${request}, expect: {verdict: allow}}`)
  const junit = await run('test', path, ...door, '-o', 'junit')
  assert.match(junit.out, /name="&lt;a&gt; &amp; # SKIP &quot;b&quot;"/)
  assert.match(junit.out, /tests="1" failures="1"/)
  const tap = await run('test', path, ...door, '-o', 'tap')
  const steered = file(
    'steered.yaml',
    `{name: "a\\u001b[31m\\u0007\\n ok 7", ${request}, expect: {verdict: allow}}`,
  )
  for (const output of ['tap', 'table']) {
    const { out } = await run('test', steered, ...door, '-o', output)
    assert.match(out, /a\?\[31m\? ok 7/)
  }
  assert.match(tap.out, /^TAP version 13\n1\.\.1\nnot ok 1 - <a> & \\# SKIP "b"\n# expected allow/)
})

const faults: readonly (readonly [words: string[], says: RegExp])[] = [
  [[join(folder, 'none.yaml'), ...door], /KFD0101/],
  [[folder, ...door], /KFD0101.*it is a folder/],
  [[file('c.yaml', '{name: a}'), ...door], /c\.yaml:4: a test needs a `request`/],
  [[file('d.yaml', `{name: a, ${request}, expect: {}}`), ...door], /d\.yaml:4: `expect` expects nothing/],
  [
    [file('e.yaml', `{name: a, ${request}, expect: {verdict: ok}}`), ...door],
    /e\.yaml:4: `ok` is no verdict/,
  ],
  [[file('f.yaml', `{name: a, ${request}, expect: {status: ok}}`), ...door], /f\.yaml:4: `ok` is no status/],
  [
    [file('g.yaml', `{name: a, ${request}, expects: {}}`), ...door],
    /g\.yaml:4: a test has no field `expects`/,
  ],
  [[file('h.yaml', `{name: a, ${request}, expect: {verdict: deny}}`)], /KFD0100 test needs a door/],
]
for (const [words, says] of faults) {
  test(`test ${words.join(' ').replaceAll(folder, '')} is told what is wrong`, async () => {
    assert.match((await run('test', ...words)).fault ?? 'no fault', says)
  })
}

test('who gets there, and who does not', async () => {
  const url = 'https://localhost/notebook/kubeflow-user-example-com/my-notebook/'
  const { out, code } = await run('who-can', 'GET', url, ...door, '-o', 'json')
  const verdictOf = (name: string) =>
    JSON.parse(out).rows.find((row: { principal: string }) => row.principal === name)?.verdict
  assert.equal(code, 0)
  assert.equal(verdictOf('user:user@example.com'), 'allow')
  assert.equal(verdictOf('user:somebody-else@example.com+forged'), 'deny')
  assert.equal(verdictOf('anonymous'), 'challenge')
  assert.equal((await run('who-can', url, ...door, '--as', 'anonymous')).code, 1)
  assert.match((await run('who-can', ...door)).fault ?? '', /KFD0100/)
})

test('what is open to somebody', async () => {
  const { out, code } = await run('what-can', 'anonymous', ...door, '-o', 'json')
  const routes = JSON.parse(out).rows.map((row: { route: { match: string } }) => row.route.match)
  assert.deepEqual(routes, ['prefix /dex/', 'prefix /oauth2/'])
  assert.equal(code, 0)
  assert.match((await run('what-can', 'bob', ...door)).fault ?? '', /`bob` is no principal/)
})

const perl = spawnSync('perl', ['-MTAP::Parser', '-e', '1']).status === 0
test(`what perl's own parser reads of the TAP${perl ? '' : ' (left out: no perl here)'}`, {
  skip: !perl,
}, async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'kfdoor-tap-')), 'tests.yaml')
  const names = ['"sign-in # TODO is \\\\ asked"', '"two\\nlines"', '"한국어"']
  const tests = names.map(
    (name, index) =>
      `- {name: ${name}, request: {url: "https://kubeflow.example.com/pipeline/"}, expect: {verdict: ${index === 1 ? 'allow' : 'challenge'}}}`,
  )
  writeFileSync(path, `apiVersion: kfdoor/v1alpha1\nkind: Tests\ntests:\n${tests.join('\n')}\n`)
  const { out } = await run('test', path, '-f', 'profile:v1.9', '-o', 'tap')
  const script = `my $p = TAP::Parser->new({tap => do { local $/; <STDIN> }}); my $todo = 0;
    while (my $r = $p->next) { $todo++ if $r->is_test && ($r->has_todo || $r->has_skip) }
    print join(' ', scalar($p->parse_errors), $p->tests_run, scalar($p->failed), join(',', $p->failed), $todo)`
  const read = spawnSync('perl', ['-MTAP::Parser', '-e', script], { input: out, encoding: 'utf8' })
  assert.equal(read.stdout, '0 3 1 2 0', out + read.stderr)
})
