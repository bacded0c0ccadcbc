/**
 * Questions about a door that stands: `doctor`, `verify` and `snapshot` with a real API server that holds a
 * release, and doors of real parts, one as the cluster says, one that was opened and shut by hand, one with old keys.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parse } from 'yaml'
import { profileFiles } from '../src/compose/profiles.ts'
import { run } from './door.ts'
import { type StandingDoors, startDoors } from './live/real-parts.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { installKinds, loadYaml } from './parts/load-yaml.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-live-'))
const kubeconfig = join(folder, 'kubeconfig')
const release = join(folder, 'release')
const opened = join(folder, 'opened.yaml')
const snapshotFile = join(folder, 'snapshot.yaml')
const home = 'kubeflow-user-example-com'
let cluster: Cluster
let doors: StandingDoors
let token = ''

const env = {
  PATH: process.env.PATH,
  HOME: folder,
  XDG_CONFIG_HOME: join(folder, 'c'),
  XDG_STATE_HOME: join(folder, 's'),
  XDG_RUNTIME_DIR: folder,
}
const me = { KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' }
const kfdoor = (words: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  run(words, { env: { ...env, ...more } })
const inCluster = (context: string) => ['--kubeconfig', kubeconfig, '--context', context]

/** kfam lets everybody in who is signed in, and the notebooks' page lets nobody in. */
function byHand(yaml: string): string {
  const list = parse(yaml) as { items: { kind: string; metadata: { name: string; namespace?: string } }[] }
  const isKfam = ({ kind, metadata }: (typeof list.items)[number]) =>
    kind === 'AuthorizationPolicy' && /^(profiles-kfam|global-deny-all)$/.test(metadata.name)
  const shut = {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'by-hand', namespace: 'istio-system' },
    spec: {
      selector: { matchLabels: { app: 'istio-ingressgateway' } },
      action: 'DENY',
      rules: [{ to: [{ operation: { paths: ['/jupyter/*'] } }] }],
    },
  }
  return JSON.stringify({ ...list, items: [...list.items.filter((one) => !isKfam(one)), shut] })
}

before(async () => {
  cluster = await startCluster({ users: { reader: [], minter: [], nobody: [] } })
  cluster.kubeconfig(kubeconfig)
  await installKinds(cluster)
  mkdirSync(release)
  for (const [index, { text }] of profileFiles('26.03', { tls: false, demo: true }).entries())
    writeFileSync(join(release, `${String(index).padStart(2, '0')}.yaml`), text)
  // The controllers of Profiles make them, and there are none here.
  const accounts = ['default-editor', 'default-viewer'].map(
    (name) => `apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ${name}, namespace: ${home}}\n`,
  )
  writeFileSync(join(release, 'accounts.yaml'), accounts.join('---\n'))
  await loadYaml(cluster, [release])
  const rights = join(folder, 'rights.yaml')
  const bound = (user: string, role: string) => `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${user}-${role}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${role}}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ${user}}]
`
  writeFileSync(
    rights,
    `${(await kfdoor(['snapshot', '--role'])).out}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: kfdoor-mint}
rules: [{apiGroups: [""], resources: [serviceaccounts/token], verbs: [create]}]
${bound('reader', 'kfdoor-reader')}${bound('minter', 'kfdoor-reader')}${bound('minter', 'kfdoor-mint')}
`,
  )
  // In another name: what was said of the namespace before stays.
  await loadYaml(cluster, [rights], 'rights')
  const { out, err, code } = await kfdoor(['snapshot', ...inCluster('reader')])
  assert.equal(code, 0, err)
  writeFileSync(snapshotFile, out)
  writeFileSync(opened, byHand(out))
  const { body: keys } = await cluster.call('GET', '/openid/v1/jwks', { accept: '*/*' })
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  const oldKeys = { keys: [{ ...other, kid: 'before', use: 'sig', alg: 'RS256' }] }
  doors = await startDoors([
    { yaml: out, clusterKeys: keys },
    { yaml: readFileSync(opened, 'utf8'), clusterKeys: keys },
    { yaml: out, clusterKeys: oldKeys },
  ])
  const made = await cluster.call('POST', `/api/v1/namespaces/${home}/serviceaccounts/default-editor/token`, {
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  })
  token = made.body.status.token
})
after(async () => {
  await doors?.close()
  await cluster?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** As the cluster says; changed by hand; with keys the API server no longer has. */
type Which = 'true' | 'by hand' | 'old keys'
const urlOf = (which: Which) => doors.urls[['true', 'by hand', 'old keys'].indexOf(which)] as string

interface Finding {
  readonly code: string
  readonly message: string
  readonly fix?: string
}
interface Walk {
  readonly hops: readonly { readonly hop: string; readonly state: string }[]
  readonly findings: readonly Finding[]
}

describe('doctor with the cluster beside the door', () => {
  const walk = async (at: string, words: readonly string[], more: NodeJS.ProcessEnv) => {
    const { out, err } = await kfdoor(['doctor', at, ...words, '-o', 'json'], more)
    assert.ok(out !== '', err)
    assert.doesNotMatch(out, /eyJ/)
    return JSON.parse(out) as Walk
  }
  const rows: readonly (readonly [
    why: string,
    door: Which,
    path: string,
    as: () => NodeJS.ProcessEnv,
    hop: string | undefined,
    want: readonly RegExp[],
  ])[] = [
    ['signed in, all is well', 'true', '/', () => me, undefined, []],
    ['nobody yet, all is well', 'true', '/', () => ({}), undefined, []],
    ['a real token, all is well', 'true', '/', () => ({ KFDOOR_TOKEN: token }), undefined, []],
    [
      'a sidecar refuses',
      'true',
      '/kfam/v1/bindings',
      () => me,
      'application',
      [
        /^KFD0326 the door answered 403 to GET \/kfam\/v1\/bindings; AuthorizationPolicy kubeflow\/profiles-kfam .* did it/,
      ],
    ],
    [
      'the same, and a token',
      'true',
      '/kfam/v1/bindings',
      () => ({ KFDOOR_TOKEN: token }),
      'application',
      [/^KFD0326 .*AuthorizationPolicy kubeflow\/profiles-kfam .* did it/],
    ],
    [
      'the door lets in whom the cluster would not',
      'by hand',
      '/kfam/v1/bindings',
      () => me,
      undefined,
      [
        /^KFD0327 the door answered 200 from a workload .*its YAML says deny .*AuthorizationPolicy kubeflow\/profiles-kfam/,
      ],
    ],
    [
      'the door refuses whom the cluster lets in',
      'by hand',
      '/jupyter/',
      () => me,
      'application',
      [/^KFD0327 the door answered 403 RBAC: access denied to GET \/jupyter\/, and its YAML says allow/],
    ],
    [
      'a token that somebody changed: which rule read it, and no word of another YAML',
      'true',
      '/',
      () => ({ KFDOOR_TOKEN: `${token.slice(0, -8)}AAAAAAAA` }),
      'credential',
      [
        /^KFD2206 /,
        /^KFD0326 .*RequestAuthentication istio-system\/m2m-token-issuer jwtRules\[\d\] .*keys do not take the signature/,
      ],
    ],
    [
      'keys from before the API server had new ones',
      'old keys',
      '/',
      () => ({ KFDOOR_TOKEN: token }),
      'credential',
      [/^KFD2204 /, /^KFD0326 .*m2m-token-issuer .*keys do not take the signature/],
    ],
  ]
  for (const [why, door, path, as, hop, want] of rows) {
    for (const [source, words] of [
      ['the cluster', inCluster('reader')],
      ['its snapshot', ['--snapshot', snapshotFile]],
    ] as const) {
      test(`${why}; by ${source}`, async () => {
        const { hops, findings } = await walk(`${urlOf(door)}${path}`, words, as())
        const said = findings.map(({ code, message }) => `${code} ${message}`)
        assert.equal(hops.find(({ state }) => state === 'broken')?.hop, hop, said.join('\n'))
        for (const each of want)
          assert.ok(
            said.some((one) => each.test(one)),
            said.join('\n'),
          )
        // Both views agree unless a row says that they do not.
        if (!want.some(({ source: text }) => text.includes('KFD0327')))
          assert.ok(!said.some((one) => one.startsWith('KFD0327')), said.join('\n'))
      })
    }
  }

  test('the line it names is a line of the snapshot, and the next command runs as it stands', async () => {
    const { findings } = await walk(`${urlOf('true')}/kfam/v1/bindings`, inCluster('reader'), me)
    const { message = '', fix = '' } = findings.find(({ code }) => code === 'KFD0326') ?? {}
    const line = Number(/\(cluster:reader:(\d+)\)/.exec(message)?.[1])
    const above = readFileSync(snapshotFile, 'utf8').split('\n').slice(0, line).join('\n')
    const { items } = parse(above) as { items: { kind: string; metadata: { name: string } }[] }
    assert.deepEqual(
      [items.at(-1)?.kind, items.at(-1)?.metadata.name],
      ['AuthorizationPolicy', 'profiles-kfam'],
    )
    const words = /`kfdoor ([^`]+)`/.exec(fix)?.[1]?.split(' ') ?? []
    const { out, code } = await kfdoor(words)
    assert.equal(code, 1)
    assert.match(out, /profiles-kfam/)
  })

  test('YAML of another release: door and YAML disagree, at the sign-in already', async () => {
    const { findings } = await walk(urlOf('true'), ['-f', 'profile:v1.8'], {})
    assert.ok(findings.some(({ code }) => code === 'KFD0327'))
  })

  test('who may not read the cluster is told so', async () => {
    const { code, err } = await kfdoor(['doctor', urlOf('true'), ...inCluster('nobody')])
    assert.equal(code, 4)
    assert.match(err, /KFD1901/)
  })
})

interface Line {
  readonly principal: string
  readonly witness: { readonly method: string; readonly url: string }
  readonly predicted: { readonly verdict: string; readonly by?: string }
  readonly saw: string
  readonly why?: string
}
interface Report {
  readonly answering: string
  readonly agreements: readonly Line[]
  readonly disagreements: readonly Line[]
  readonly notAsked: readonly Line[]
}

describe('verify with the cluster beside the door', () => {
  const signedIn = { XDG_CONFIG_HOME: join(folder, 'signed-in') }
  before(async () => {
    for (const url of doors.urls) {
      const { code, err } = await kfdoor(['login', url, '--username', 'user@example.com'], {
        ...signedIn,
        KFDOOR_PASSWORD: me.KFDOOR_PASSWORD,
      })
      assert.equal(code, 0, err)
    }
  })
  const verify = async (
    which: Which,
    context: string,
    words: readonly string[] = [],
    more: NodeJS.ProcessEnv = signedIn,
  ) => {
    doors.take()
    const asked = ['verify', urlOf(which), ...inCluster(context), '--rate', '100', '-o', 'json', ...words]
    const { code, out, err } = await kfdoor(asked, more)
    assert.ok(out !== '', err)
    assert.doesNotMatch(out, /eyJ/)
    return { code, report: JSON.parse(out) as Report, asked: doors.take() }
  }
  const headerOf = (headers: readonly (readonly [string, string])[], name: string) =>
    headers.find(([own]) => own === name)?.[1]
  const why = ({ notAsked }: Report, who: string) =>
    new Set(notAsked.filter(({ principal }) => principal === who).map((one) => one.why))

  test('the door does what the cluster says; nobody else is asked for, nothing is changed or forged', async () => {
    const { code, report, asked } = await verify('true', 'reader')
    assert.deepEqual([code, report.disagreements], [0, []])
    assert.equal(report.answering, 'istio')
    assert.ok(report.agreements.length > 40)
    assert.ok(asked.length > 0)
    for (const { method, headers } of asked) {
      assert.equal(headerOf(headers, 'user-agent'), 'kfdoor-verify')
      assert.equal(method, 'GET')
      assert.equal(headerOf(headers, 'kubeflow-userid'), 'user@example.com')
    }
    assert.deepEqual([...why(report, 'user:contributor@example.com')], ['the session of somebody else'])
    assert.deepEqual([...why(report, `sa:${home}/default-editor`)], ['the token of another account; --mint'])
    assert.ok(!report.notAsked.some(({ principal }) => principal.startsWith('sa:kube-system')))
  })

  test('--mint: tokens of the API server, taken by the door for its real keys', async () => {
    const { code, report, asked } = await verify('true', 'minter', [
      '--mint',
      '--probe-forged',
      '--allow-post',
      '--wake',
    ])
    assert.deepEqual([code, report.disagreements], [0, []])
    for (const name of ['default-editor', 'default-viewer']) {
      const own = report.agreements.filter(({ principal }) => principal.startsWith(`sa:${home}/${name}`))
      assert.ok(own.some(({ predicted }) => predicted.verdict === 'allow'))
      assert.ok(own.some(({ principal }) => principal.endsWith('+forged')))
      const subject = `system:serviceaccount:${home}:${name}`
      assert.ok(asked.some(({ headers }) => headerOf(headers, 'kubeflow-userid') === subject))
    }
    // No forged name came through, and no token went to a namespace of somebody else with one.
    assert.ok(asked.every(({ headers }) => headerOf(headers, 'kubeflow-userid') !== 'admin@example.com'))
  })

  test('--mint where RBAC refuses it: listed, in the API server’s words, and no failure', async () => {
    const { code, report } = await verify('true', 'reader', ['--mint'])
    assert.equal(code, 0)
    const [reason = ''] = why(report, `sa:${home}/default-editor`)
    assert.match(reason, /cannot create resource "serviceaccounts\/token"/)
  })

  test('without a credential strangers are asked about, and what they see agrees', async () => {
    const { code, report, asked } = await verify('true', 'reader', [], {})
    assert.equal(code, 0)
    assert.deepEqual(new Set(report.agreements.map(({ principal }) => principal)), new Set(['anonymous']))
    assert.ok(asked.every(({ headers }) => headerOf(headers, 'kubeflow-userid') === undefined))
  })

  test('what was changed by hand is found, both ways, and written as tests that tell the doors apart', async () => {
    const fixture = join(folder, 'found.yaml')
    const { code, report } = await verify('by hand', 'reader', ['--write-fixture', fixture])
    assert.equal(code, 1)
    const at = (path: string) =>
      report.disagreements.filter(({ witness }) => new URL(witness.url).pathname.startsWith(path))
    const [kfam] = at('/kfam/')
    assert.deepEqual([kfam?.predicted.verdict, kfam?.saw], ['deny', '200 from a workload'])
    assert.match(
      kfam?.predicted.by ?? '',
      /^AuthorizationPolicy kubeflow\/profiles-kfam .*\(cluster:reader:\d+\)$/,
    )
    assert.ok(at('/jupyter/').every(({ saw }) => saw === '403 RBAC: access denied'))
    assert.ok(at('/jupyter/').length > 0)
    assert.ok(
      report.disagreements.every(({ witness }) => /^\/(kfam|jupyter)\//.test(new URL(witness.url).pathname)),
    )
    const inside = (words: readonly string[]) => kfdoor(['test', fixture, ...words])
    const wrong = await inside(inCluster('reader'))
    assert.equal(wrong.code, 1, wrong.err)
    const right = await inside(['-f', opened])
    assert.equal(right.code, 0, `${right.out}${right.err}`)
  })

  test('old keys: a minted token that the door refuses is a disagreement', async () => {
    const { code, report } = await verify('old keys', 'minter', [
      '--mint',
      '--as',
      `sa:${home}/default-editor`,
    ])
    assert.equal(code, 1)
    assert.ok(report.disagreements.every(({ saw }) => /^401 Jwks doesn't have key to match kid/.test(saw)))
  })

  test('a door that is not on this machine is asked nothing before --yes', async () => {
    const { code, out, err } = await kfdoor([
      'verify',
      'http://kubeflow.invalid',
      ...inCluster('reader'),
      '-o',
      'json',
    ])
    assert.equal(code, 2)
    assert.match(err, /\d+ requests would go to kubeflow\.invalid.*nothing was sent.*--yes/s)
    assert.equal(JSON.parse(out).kind, 'VerificationPlan')
  })
})

describe('a command reads cluster, snapshot and files alike', () => {
  const claims = () => {
    const path = join(folder, 'tests.yaml')
    writeFileSync(
      path,
      `apiVersion: kfdoor/v1alpha1
kind: Tests
tests:
- {name: strangers see a page, request: {method: GET, url: "http://x/"}, as: anonymous, expect: {verdict: challenge, status: 403}}
- {name: an API route answers 401, request: {method: GET, url: "http://x/ml_metadata"}, as: anonymous, expect: {status: 401}}
- {name: kfam is shut, request: {method: GET, url: "http://x/kfam/"}, as: "user:user@example.com", expect: {verdict: deny}}
`,
    )
    return path
  }
  const tokenFile = () => {
    const path = join(folder, 'token')
    writeFileSync(path, token, { mode: 0o600 })
    return path
  }
  const rows: readonly (readonly [words: () => readonly string[], code: number])[] = [
    [() => ['map', '-o', 'json'], 0],
    [() => ['who-can', 'GET', 'http://x/pipeline/', '-o', 'json'], 0],
    [() => ['what-can', 'user:user@example.com', '-o', 'json'], 0],
    [() => ['what-can', `sa:${home}/default-editor`, '-o', 'json'], 0],
    [() => ['explain', 'http://x/', '-o', 'json'], 1],
    [() => ['explain', 'http://x/kfam/', '--as', 'user:user@example.com+forged', '-o', 'json'], 1],
    [() => ['explain', 'http://x/ml_metadata', '-o', 'json'], 1],
    [() => ['can-i', 'http://x/', '--as', 'user:user@example.com'], 0],
    [() => ['prove', 'claims:door', '-o', 'json'], 0],
    [() => ['prove', 'claims:sign-in', '-o', 'json'], 0],
    [() => ['test', claims(), '-o', 'tap'], 0],
    [() => ['lint', '-o', 'json'], 1],
    [() => ['models', '-o', 'json'], 0],
    [() => ['token', 'inspect', tokenFile(), '-o', 'json'], 0],
  ]
  /** Places, and the order in which objects come, are each source’s own. */
  const bare = (text: string) => {
    const without = text.replace(
      /"at":(?:\{[^{}]*\}|"[^"]*"),?|"file":"[^"]*",?|"line":\d+,?|"evidence":\[[^\]]*\],?/g,
      '',
    )
    try {
      const value = JSON.parse(without) as Record<string, unknown>
      for (const [name, each] of Object.entries(value))
        if (Array.isArray(each) && name !== 'steps')
          value[name] = each.map((one) => JSON.stringify(one)).sort()
      return value
    } catch {
      return without.split('\n').sort()
    }
  }
  for (const [words, want] of rows) {
    test(`kfdoor ${words().slice(0, 3).join(' ')}`, async () => {
      const answers = await Promise.all(
        [inCluster('reader'), ['--snapshot', snapshotFile], ['-f', release]].map((source) =>
          kfdoor([...words(), ...source]),
        ),
      )
      const [live, snapshot, files] = answers.map(({ out }) => bare(out))
      assert.deepEqual(
        answers.map(({ code }) => code),
        [want, want, want],
        answers.map(({ err }) => err).join(),
      )
      assert.deepEqual(snapshot, live)
      if (words()[0] !== 'lint') assert.deepEqual(files, live)
    })
  }

  test('diff of a cluster and its snapshot, and of the folder it was loaded from: no difference', async () => {
    for (const other of [snapshotFile, release]) {
      const { code, out, err } = await kfdoor(['diff', 'cluster:reader', other, '-o', 'json'], {
        KUBECONFIG: kubeconfig,
      })
      assert.equal(code, 0, `${out}${err}`)
    }
    const { code, out } = await kfdoor(['diff', 'cluster:reader', opened, '-o', 'json'], {
      KUBECONFIG: kubeconfig,
    })
    assert.equal(code, 1)
    assert.match(out, /"gained":\[\{/)
  })
})
