/** `kfdoor lint` as typed: formats, thresholds, suppressions, certificates, bad input. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { door } from '../../lint/example-parts.ts'
import { examples } from '../../lint/examples.ts'
import { type } from '../a-terminal.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-lint-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const bad = (code: string) => examples.find((each) => each.code === code)?.bad ?? ''
const doorFile = file('door.yaml', door)
const prefix = file('prefix.yaml', bad('KFD0215'))

test('text names place, severity, code and fix, and exits 1', async () => {
  const { out, code } = await type(['lint', '-f', doorFile, prefix])
  assert.equal(code, 1)
  assert.match(out, new RegExp(`^${prefix}:\\d+ {2}warning {2}KFD0215$`, 'm'))
  assert.match(out, /also takes `\/v1beta1`/)
  assert.match(out, /fix: write `\/v1\/\*` for `\/v1\*`/)
  assert.match(out, /1 warning/)
})

test('the threshold decides the exit code', async () => {
  assert.equal((await type(['lint', '-f', doorFile, prefix, '--failure-threshold', 'error'])).code, 0)
  assert.equal((await type(['lint', '-f', doorFile])).code, 0)
})

test('JSON carries findings by the contract', async () => {
  const { out } = await type(['lint', '-f', doorFile, prefix, '-o', 'json'])
  const { kind, findings } = JSON.parse(out) as { kind: string; findings: Record<string, unknown>[] }
  assert.equal(kind, 'Findings')
  assert.deepEqual(Object.keys(findings[0] ?? {}), [
    'code',
    'severity',
    'title',
    'message',
    'evidence',
    'fix',
  ])
})

test('SARIF points at the line, and its fingerprint outlives moved lines', async () => {
  interface Sarif {
    readonly version: string
    readonly runs: readonly {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } }
      readonly results: readonly {
        readonly ruleId: string
        readonly ruleIndex: number
        readonly level: string
        readonly locations: readonly {
          readonly physicalLocation: { readonly region: { readonly startLine: number } }
        }[]
        readonly partialFingerprints: Readonly<Record<string, string>>
      }[]
    }[]
  }
  const read = async () =>
    JSON.parse((await type(['lint', '-f', doorFile, prefix, '-o', 'sarif'])).out) as Sarif
  const before = await read()
  assert.equal(before.version, '2.1.0')
  const [run] = before.runs
  const [result] = run?.results ?? []
  assert.equal(run?.tool.driver.rules[result?.ruleIndex ?? -1]?.id, 'KFD0215')
  assert.equal(result?.level, 'warning')
  writeFileSync(prefix, `# moved\n# down\n${bad('KFD0215')}`)
  const [moved] = (await read()).runs[0]?.results ?? []
  const line = (each: typeof result | undefined) => each?.locations[0]?.physicalLocation.region.startLine ?? 0
  assert.equal(line(moved), line(result) + 2)
  assert.deepEqual(moved?.partialFingerprints, result?.partialFingerprints)
})

test('JUnit has a case for every rule and a failure for every finding', async () => {
  const { out } = await type(['lint', '-f', doorFile, prefix, '-o', 'junit'])
  assert.match(out, /^<\?xml version="1.0"/)
  assert.match(out, /failures="1"/)
  assert.equal(out.match(/<failure /g)?.length, 1)
  assert.ok((out.match(/<testcase /g)?.length ?? 0) > 30)
})

test('annotations for a pull request are one line each', async () => {
  const { out } = await type(['lint', '-f', doorFile, prefix, '-o', 'github'])
  assert.match(out, /^::warning file=.*prefix\.yaml,line=\d+,title=KFD0215::/)
  assert.equal(out.trimEnd().split('\n').length, 1)
})

const ignored = bad('KFD0215').replace(
  /^rules|^ {2}rules/m,
  '  # kfdoor:ignore KFD0215 both versions are public\n$&',
)

test('a comment with a reason suppresses, one without does not and is a finding', async () => {
  const with_ = await type(['lint', '-f', doorFile, file('ignored.yaml', ignored)])
  assert.equal(with_.code, 0)
  assert.match(with_.out, /nothing found; 1 suppressed/)
  const without = ignored.replace(' both versions are public', '')
  const { out, code } = await type(['lint', '-f', doorFile, file('unreasoned.yaml', without)])
  assert.equal(code, 1)
  assert.match(out, /KFD0215/)
  assert.match(out, /KFD0298/)
})

test('--suppress wants a code and a reason', async () => {
  const one = await type([
    'lint',
    '-f',
    doorFile,
    file('again.yaml', bad('KFD0215')),
    '--suppress',
    'KFD0215=ours',
  ])
  assert.equal(one.code, 0)
  const { err, code } = await type(['lint', '-f', doorFile, '--suppress', 'KFD0215'])
  assert.equal(code, 2)
  assert.match(err, /a code and a reason are needed/)
})

const gateway = (name: string) => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: kubeflow-gateway, namespace: kubeflow}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 443, name: https, protocol: HTTPS}, hosts: ['${name}'], tls: {mode: SIMPLE, credentialName: certs}}`

test('the certificate in the Secret is read: names, and whether it is one at all', async () => {
  const dir = join(folder, 'ca')
  const run = async (...words: readonly string[]) => {
    const { out, err, code } = await type(['ca', ...words])
    assert.equal(code, 0, err)
    return out
  }
  await run('init', '--dir', dir, '--name', 'door.example.com')
  await run('csr', '--dir', dir, '--name', 'door.example.com')
  await run('sign', '--dir', dir, 'door.example.com.csr')
  const made = await run('secret', '--dir', dir, 'door.example.com', '--secret-name', 'certs')
  const secret = file('secret.yaml', made)
  const fits = await type([
    'lint',
    '-f',
    secret,
    file('fits.yaml', gateway('door.example.com')),
    '-o',
    'json',
  ])
  assert.doesNotMatch(fits.out, /"KFD022[01]","severity":"error"/)
  const other = await type([
    'lint',
    '-f',
    secret,
    file('other.yaml', gateway('other.example.com')),
    '-o',
    'json',
  ])
  assert.match(other.out, /is for door\.example\.com, not for `other\.example\.com`/)
  const text = file(
    'text.yaml',
    `apiVersion: v1\nkind: Secret\nmetadata: {name: certs, namespace: istio-system}\nstringData: {tls.crt: nothing}`,
  )
  const none = await type(['lint', '-f', text, file('none.yaml', gateway('door.example.com')), '-o', 'json'])
  assert.match(none.out, /KFD0221/)
})

test('YAML that does not parse is a located finding, not a stack', async () => {
  const { out, code } = await type(['lint', '-f', file('broken.yaml', 'a: [1\nb: 2')])
  assert.equal(code, 1)
  assert.match(out, /broken\.yaml:\d+ {2}error {2}KFD0200/)
})

test('no door is a usage error with the next command', async () => {
  const { err, code } = await type(['lint'])
  assert.equal(code, 2)
  assert.match(err, /kfdoor lint -f profile:26\.03/)
})

test('explain-code knows findings', async () => {
  const { out, code } = await type(['explain-code', 'KFD0214'])
  assert.equal(code, 0)
  assert.match(out, /double star/)
})

test('--deep names rules no request can meet, and leaves those that some do', async () => {
  const door = (but: string) => `apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: apps}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [kubeflow.example.com]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: apps}
spec: {hosts: [kubeflow.example.com], gateways: [gw], http: [{route: [{destination: {host: app.apps.svc.cluster.local, port: {number: 80}}}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: admins, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  rules:
  - to: [{operation: {paths: [/open/*]}}]
  - to: [{operation: {paths: [/admin/users], notPaths: [${but}]}}]
`
  const dead = async (but: string, ...more: string[]) => {
    const path = join(mkdtempSync(join(tmpdir(), 'kfdoor-deep-')), 'door.yaml')
    writeFileSync(path, door(but))
    const { out } = await type(['lint', '-f', path, '-o', 'json', ...more])
    return (
      JSON.parse(out).findings as { code: string; message: string; evidence: { at: { line: number } }[] }[]
    ).filter(({ code }) => code === 'KFD0249')
  }
  const [found, ...others] = await dead('/admin*', '--deep')
  assert.match(found?.message ?? '', /rules\[1\] of istio-system\/admins decides about nothing/)
  assert.deepEqual(others, [])
  assert.deepEqual(await dead('/admin*'), [])
  assert.deepEqual(await dead('/admin/x', '--deep'), [])
})

const nasty = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: "<b>|\`&\\"']]>\\e[31m", namespace: kubeflow}
spec:
  rules:
  - to: [{operation: {paths: ["/v1*", "/a|\`]]>**"], methods: [get]}}]
`

test('what a name holds steers no terminal', async () => {
  for (const output of ['text', 'github']) {
    const { out } = await type(['lint', '-f', file('nasty.yaml', nasty), '-o', output])
    assert.doesNotMatch(out, /\p{Cc}(?<!\n)/u)
    assert.match(out, /\?\[31m/)
  }
})

/** Of the OASIS schema `sarif-schema-2.1.0.json`: what each object we write has to have, and may have. */
const sarifObjects: Readonly<
  Record<string, readonly [required: readonly string[], optional: readonly string[]]>
> = {
  log: [['version', 'runs'], ['$schema']],
  run: [['tool', 'results'], []],
  tool: [['driver'], []],
  driver: [['name', 'version', 'rules'], []],
  rule: [['id', 'shortDescription', 'fullDescription', 'help', 'properties'], []],
  result: [
    ['message', 'ruleId', 'level', 'locations', 'partialFingerprints'],
    ['ruleIndex', 'relatedLocations'],
  ],
  location: [['physicalLocation', 'message'], []],
  physicalLocation: [['artifactLocation', 'region'], []],
  artifactLocation: [['uri'], []],
  region: [['startLine'], []],
  message: [['text'], ['markdown']],
}

function keysOf(kind: string, value: unknown): Readonly<Record<string, unknown>> {
  assert.ok(typeof value === 'object' && value !== null, kind)
  const [required, optional] = sarifObjects[kind] ?? [[], []]
  const keys = Object.keys(value)
  assert.deepEqual(
    required.filter((key) => !keys.includes(key)),
    [],
    kind,
  )
  assert.deepEqual(
    keys.filter((key) => !required.includes(key) && !optional.includes(key)),
    [],
    kind,
  )
  return value as Readonly<Record<string, unknown>>
}

test('SARIF has what its schema asks for, and nothing else', async () => {
  const strange = file('a#b%20,c d.yaml', nasty)
  const { out } = await type(['lint', '-f', doorFile, strange, '-o', 'sarif'])
  const log = keysOf('log', JSON.parse(out))
  assert.equal(log.version, '2.1.0')
  for (const each of log.runs as unknown[]) {
    const run = keysOf('run', each)
    const { rules } = keysOf('driver', keysOf('tool', run.tool).driver)
    for (const rule of rules as unknown[]) {
      const { shortDescription, fullDescription, help } = keysOf('rule', rule)
      for (const text of [shortDescription, fullDescription, help]) keysOf('message', text)
    }
    assert.ok((run.results as unknown[]).length >= 3)
    for (const one of run.results as unknown[]) {
      const result = keysOf('result', one)
      keysOf('message', result.message)
      assert.ok(['none', 'note', 'warning', 'error'].includes(String(result.level)))
      assert.equal((rules as { id: string }[])[result.ruleIndex as number]?.id, result.ruleId)
      for (const at of [
        ...(result.locations as unknown[]),
        ...((result.relatedLocations ?? []) as unknown[]),
      ]) {
        const location = keysOf('location', at)
        keysOf('message', location.message)
        const { artifactLocation, region } = keysOf('physicalLocation', location.physicalLocation)
        const { uri } = keysOf('artifactLocation', artifactLocation)
        // A reference of RFC 3986 that leads back to the file.
        assert.equal(decodeURIComponent(new URL(String(uri), 'file:///').pathname), strange)
        const { startLine } = keysOf('region', region)
        assert.ok(Number.isInteger(startLine) && Number(startLine) >= 1)
      }
    }
  }
})

test('JUnit has what the schemas of Ant and of Jenkins ask for, in their order', async () => {
  const { out } = await type(['lint', '-f', file('nasty.yaml', nasty), '-o', 'junit'])
  const [head, suites, suite, properties, ...rest] = out.trimEnd().split('\n')
  assert.equal(head, '<?xml version="1.0" encoding="UTF-8"?>')
  // Ant's takes no attribute there; of a suite both want these.
  assert.equal(suites, '<testsuites>')
  assert.match(
    suite ?? '',
    /^ {2}<testsuite id="0" package="kfdoor" name="kfdoor lint" tests="\d+" failures="\d+" errors="0" skipped="0" time="0" hostname="localhost" timestamp="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d">$/,
  )
  assert.equal(properties, '    <properties/>')
  assert.deepEqual(rest.splice(-4), [
    '    <system-out/>',
    '    <system-err/>',
    '  </testsuite>',
    '</testsuites>',
  ])
  for (const line of rest) {
    assert.match(
      line,
      /^ {4}<testcase classname="[^"<>]+" name="[^"<>]+" time="0"\/?>$|^ {6}<failure type="[^"<>]+" message="[^"<>]+">[^<>]*<\/failure>$|^ {4}<\/testcase>$/,
    )
    assert.doesNotMatch(line, /&(?!(amp|lt|gt|quot|apos|#10|#13|#9);)|\p{Cc}/u)
  }
  const { out: other } = await type(['lint', '-f', doorFile, '-o', 'junit'])
  assert.match(other, /failures="0"/)
})

test('a suppressed code is one there is', async () => {
  const { err, code } = await type(['lint', '-f', doorFile, '--suppress', 'KFD9999=no such'])
  assert.equal(code, 2)
  assert.match(err, /`KFD9999` is no finding of lint/)
})

test('nothing to read is no good news', async () => {
  const { err, code } = await type(['lint', '-f', file('blank.yaml', '# nothing yet\n---\n')])
  assert.equal(code, 2)
  assert.match(err, /there is no object in it/)
})
