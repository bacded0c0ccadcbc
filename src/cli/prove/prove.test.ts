import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { diffCommand } from '../commands/diff.ts'
import { proveCommand } from '../commands/prove.ts'
import type { Io } from '../io.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-prove-'))
after(() => rmSync(folder, { recursive: true }))

async function run(
  command: 'prove' | 'diff',
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
  const made = command === 'prove' ? proveCommand(io) : diffCommand(io)
  try {
    await made.exitOverride().parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!isFault(error)) throw error
    return { out: said.join('\n'), code, fault: `${error.number} ${error.message}` }
  }
  return { out: said.join('\n'), code }
}

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const claims = (...lines: string[]) =>
  `apiVersion: kfdoor/v1alpha1\nkind: Claims\nclaims:\n${lines.map((line) => `- ${line}\n`).join('')}`

const outcomes: readonly (readonly [profile: string, claim: string, outcome: string, code: number])[] = [
  [
    'v1.9',
    '{name: a, never: {principal: anonymous, path: "/pipeline*", reaches: {verdict: allow}}}',
    'holds',
    0,
  ],
  [
    'v1.9',
    '{name: a, never: {principal: anonymous, path: "/dex/*", reaches: {verdict: allow}}}',
    'violated',
    1,
  ],
  [
    'v1.9',
    '{name: a, always: {principal: anonymous, path: "/dex/*", method: GET, host: kubeflow.example.com, reaches: {service: dex}}}',
    'violated',
    1,
  ],
  ['v1.9', '{name: a, never: {principal: "*", reaches: {service: nothing-of-that-name}}}', 'holds', 0],
  ['v1.9', '{name: a, never: {principal: "nobody:*", reaches: {verdict: allow}}}', 'unknown', 6],
  [
    'v1.9',
    '{name: a, never: {principal: user:user@example.com, path: /katib/, method: GET, reaches: {service: katib-ui.kubeflow.svc.cluster.local}}}',
    'violated',
    1,
  ],
  [
    'v1.9',
    '{name: a, never: {principal: "*+forged", notPrincipal: [outside+forged, "mesh:*"], reaches: {header: {kubeflow-userid: admin@example.com}}}}',
    'holds',
    0,
  ],
  [
    'v1.8',
    '{name: a, never: {principal: anonymous+forged, reaches: {verdict: allow, header: {kubeflow-userid: admin@example.com}}}}',
    'violated',
    1,
  ],
  [
    'v1.9',
    '{name: a, never: {principal: anonymous, header: {authorization: "Basic*"}, path: "/pipeline*", reaches: {verdict: [allow, challenge]}}}',
    'holds',
    0,
  ],
  [
    'v1.9',
    '{name: a, never: {principal: anonymous, header: {authorization: "Basic*"}, path: "/pipeline*", reaches: {verdict: deny}}}',
    'violated',
    1,
  ],
]
for (const [profile, claim, outcome, code] of outcomes) {
  test(`${profile}: ${claim} ${outcome}`, async () => {
    const path = file('claims.yaml', claims(claim))
    const { out, code: got } = await run('prove', path, '-f', `profile:${profile}`, '-o', 'json')
    const [proof] = JSON.parse(out).claims
    assert.equal(proof.outcome, outcome, out)
    assert.equal(got, code)
    assert.equal(proof.witness !== undefined, outcome === 'violated')
    assert.equal(proof.reason !== undefined, outcome === 'unknown')
  })
}

test('the claims kfdoor brings', async () => {
  const { out, code } = await run(
    'prove',
    'claims:door',
    'claims:sign-in',
    '-f',
    'profile:v1.9',
    '-o',
    'json',
  )
  assert.deepEqual(
    JSON.parse(out).claims.map((proof: { outcome: string }) => proof.outcome),
    ['holds', 'holds', 'holds', 'holds', 'holds', 'holds'],
  )
  assert.equal(code, 0)
  const old = await run('prove', 'claims:sign-in', '-f', 'profile:v1.8', '-o', 'json')
  const [proof] = JSON.parse(old.out).claims
  assert.match(proof.witness.url, /\/dexx$/, 'SKIP_AUTH_URLS is a prefix without its slash')
  assert.equal(old.code, 1)
})

const faults: readonly (readonly [words: string[], says: RegExp])[] = [
  [['claims:door'], /KFD0100 prove needs a door/],
  [['claims:nothing', '-f', 'profile:v1.9'], /KFD0100 there are no claims `nothing`/],
  [[join(folder, 'none.yaml'), '-f', 'profile:v1.9'], /KFD0101 .*there is no such file/],
  [[file('a.yaml', 'kind: [')], /KFD0103 .*a\.yaml:1: /],
  [[file('b.yaml', 'apiVersion: v1\nkind: Claims\nclaims: []')], /b\.yaml:1: apiVersion has to be/],
  [[file('c.yaml', claims('{name: a}'))], /c\.yaml:4: a claim says either/],
  [
    [file('d.yaml', claims('{name: a, never: {who: b, reaches: {}}}'))],
    /d\.yaml:4: `never` has no field `who`/,
  ],
  [[file('e.yaml', claims('{name: a, never: {path: /}}'))], /e\.yaml:4: a claim says what it `reaches`/],
  [
    [file('f.yaml', claims('{name: a, never: {reaches: {verdict: maybe}}}'))],
    /f\.yaml:4: `maybe` is no verdict/,
  ],
  [
    [file('g.yaml', claims('{name: a, never: {reaches: {}}}', '{name: a, never: {reaches: {}}}'))],
    /g\.yaml:5: two claims/,
  ],
  [[file('h.yaml', '- a')], /h\.yaml:1: the file has to be a mapping/],
]
for (const [words, says] of faults) {
  test(`prove ${words.join(' ').replaceAll(folder, '')} is told what is wrong`, async () => {
    assert.match((await run('prove', ...words)).fault ?? 'no fault', says)
  })
}

test('diff of two doors: its lists, its exit codes, and no token anywhere', async () => {
  const same = await run('diff', 'profile:v1.9', 'profile:v1.9')
  assert.equal(same.code, 0)
  assert.match(same.out, /^no difference/)
  const { out, code } = await run('diff', 'profile:v1.8', 'profile:v1.9', '-o', 'json')
  const diff = JSON.parse(out)
  assert.equal(code, 1)
  for (const list of ['gained', 'lost', 'changed', 'public', 'unreachable', 'deadRules', 'unknown']) {
    assert.ok(Array.isArray(diff[list]), list)
  }
  const [first] = diff.gained
  assert.deepEqual(Object.keys(first.from), ['verdict', 'upstream', 'identity', 'reason'])
  assert.ok(first.from.verdict !== 'allow' && first.to.verdict === 'allow')
  assert.doesNotMatch(out, /eyJ/)
  assert.equal((await run('diff', 'profile:v1.8', 'profile:v1.9', '--fail-on', 'deadRules')).code, 0)
})

const wrong: readonly (readonly [words: string[], says: RegExp])[] = [
  [['profile:v1.9', 'none/'], /KFD0101/],
  [['profile:v1.9', 'nowhere:mesh'], /KFD0101 .*nowhere:mesh/],
  [
    ['profile:v1.9', '--output=json', '--fail-on=more', 'profile:v1.9'],
    /KFD0100 `more` is nothing a diff lists/,
  ],
]
for (const [words, says] of wrong) {
  test(`diff ${words.join(' ')} is told what is wrong`, async () => {
    assert.match((await run('diff', ...words)).fault ?? 'no fault', says)
  })
}
