/** The JSON Schemas that ship with the package, against what the commands really print and write. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parse } from 'yaml'
import { beginJournal, keepJournal } from '../src/compose/change/journal.ts'
import type { Plan } from '../src/planner/index.ts'
import { type Door, run, startDoor } from './door.ts'

type Schema = Readonly<Record<string, unknown>>
const folder = new URL('../schemas/', import.meta.url)
const schemas = new Map(
  readdirSync(folder).map((name) => {
    const schema = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Schema
    return [String(schema.title), { name, schema }] as const
  }),
)

/** As much of JSON Schema 2020-12 as the files use; a word they use beyond that is a failure of the test. */
function faults(value: unknown, schema: Schema, root: Schema, at = '$'): string[] {
  const found: string[] = []
  const say = (text: string) => void found.push(`${at} ${text}`)
  for (const [word, rule] of Object.entries(schema)) {
    switch (word) {
      case '$schema':
      case '$defs':
      case 'title':
      case 'description':
        break
      case '$ref': {
        const name = String(rule).replace('#/$defs/', '')
        found.push(...faults(value, (root.$defs as Record<string, Schema>)[name] as Schema, root, at))
        break
      }
      case 'type':
        if (![rule].flat().includes(typeOf(value)) && !(rule === 'number' && typeOf(value) === 'integer'))
          say(`is ${typeOf(value)}, not ${rule}`)
        break
      case 'const':
        if (value !== rule) say(`is not ${rule}`)
        break
      case 'enum':
        if (!(rule as unknown[]).includes(value)) say(`is ${value}, none of ${rule}`)
        break
      case 'pattern':
        if (!new RegExp(String(rule)).test(String(value))) say(`does not match ${rule}`)
        break
      case 'anyOf': {
        const each = (rule as Schema[]).map((one) => faults(value, one, root, at))
        if (each.every((one) => one.length > 0)) found.push(...(each[0] ?? []))
        break
      }
      case 'required':
        for (const key of rule as string[]) if (!(key in Object(value))) say(`has no ${key}`)
        break
      case 'properties':
        for (const [key, one] of Object.entries(rule as Record<string, Schema>)) {
          if (key in Object(value))
            found.push(...faults((value as Record<string, unknown>)[key], one, root, `${at}.${key}`))
        }
        break
      case 'additionalProperties':
        for (const [key, one] of Object.entries(Object(value) as Record<string, unknown>)) {
          if (key in Object(schema.properties ?? {})) continue
          if (rule === false) say(`has ${key}, which nobody knows`)
          else if (rule !== true) found.push(...faults(one, rule as Schema, root, `${at}.${key}`))
        }
        break
      case 'items':
        for (const [n, one] of (Array.isArray(value) ? value : []).entries())
          found.push(...faults(one, rule as Schema, root, `${at}[${n}]`))
        break
      default:
        say(`is told by \`${word}\`, which this test does not know`)
    }
  }
  return found
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

function holds(kind: string, value: unknown): void {
  const { schema } = schemas.get(kind) ?? {}
  assert.ok(schema, `no schema for ${kind}`)
  assert.deepEqual(faults(value, schema, schema).slice(0, 5), [])
  // And would say so if it were another.
  assert.ok(faults({ ...Object(value), kind: 'Other' }, schema, schema).length > 0)
}

const work = mkdtempSync(join(tmpdir(), 'kfdoor-schemas-'))
after(() => rmSync(work, { recursive: true, force: true }))
const tests = join(work, 'tests.yaml')
writeFileSync(
  tests,
  `apiVersion: kfdoor/v1alpha1
kind: Tests
tests:
- name: a person reaches Pipelines
  request: {method: GET, url: https://localhost/pipeline/, headers: {accept: text/html}}
  as: user:user@example.com
  expect: {verdict: allow}
- name: nobody does
  request: {url: https://localhost/pipeline/}
  expect: {status: 200}
`,
)

/** Two doors small enough to be asked everything at once. */
const mesh = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: team}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app, namespace: team}
spec:
  hosts: ["*"]
  gateways: [istio-system/door]
  http: [{match: [{uri: {prefix: /app/}}], route: [{destination: {host: app.team.svc.cluster.local, port: {number: 80}}}]}]
`
const [meshBefore, meshAfter] = [join(work, 'before.yaml'), join(work, 'after.yaml')]
writeFileSync(meshBefore, mesh)
writeFileSync(
  meshAfter,
  `${mesh}---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: closed, namespace: istio-system}
spec: {action: DENY, rules: [{to: [{operation: {paths: ["/app/private/*"]}}]}]}
`,
)

const printed: readonly (readonly [kind: string, args: readonly string[]])[] = [
  ['WhoCan', ['who-can', 'GET', 'http://localhost/app/', '-f', meshBefore]],
  ['AccessMap', ['map', '-f', meshAfter]],
  ['AccessMap', ['what-can', 'anonymous', '-f', meshBefore]],
  ['AccessDiff', ['diff', meshBefore, meshAfter]],
  ['Proofs', ['prove', 'claims:sign-in', '-f', meshAfter]],
  ['TestResults', ['test', tests, '-f', meshAfter]],
  ['Findings', ['lint', '-f', meshAfter]],
  ['Models', ['models', '-f', 'profile:v1.6']],
  ['Why', ['why', 'Jwt issuer is not configured']],
]
for (const [kind, args] of printed) {
  test(`${kind}: kfdoor ${args.slice(0, 2).join(' ')}`, async () => {
    const { out, err } = await run([...args, '-o', 'json'])
    assert.notEqual(out, '', err)
    holds(kind, JSON.parse(out))
  })
}

test('Tests and Claims as people write them', () => {
  holds('Tests', parse(readFileSync(tests, 'utf8')))
  for (const name of readdirSync(new URL('../claims/', import.meta.url))) {
    holds('Claims', parse(readFileSync(new URL(`../claims/${name}`, import.meta.url), 'utf8')))
  }
})

test('AuthzService as it is documented, and AuthzSettings as it is used', async () => {
  const page = readFileSync(new URL('../docs/serve-authz.md', import.meta.url), 'utf8')
  const [, text = ''] =
    /```yaml\n(apiVersion: kfdoor\/v1alpha1\nkind: AuthzService\n[\s\S]+?)```/.exec(page) ?? []
  holds('AuthzService', parse(text))
  for (const [schema, wrong] of [
    ['a field nobody knows', { ...parse(text), unknown: 1 }],
    ['one below', { ...parse(text), signIn: { ...parse(text).signIn, unknown: 1 } }],
  ] as const) {
    const { schema: of } = schemas.get('AuthzService') as { schema: Schema }
    assert.notDeepEqual(faults(wrong, of, of), [], schema)
  }
  const config = join(work, 'authz.yaml')
  const machines = {
    kubernetes: { audiences: ['door'], verify: 'token-review', server: 'https://127.0.0.1:1' },
  }
  writeFileSync(config, JSON.stringify({ apiVersion: 'kfdoor/v1alpha1', kind: 'AuthzService', machines }))
  const { out, err } = await run(['serve', 'authz', 'config', 'view', '--config', config, '-o', 'json'])
  assert.notEqual(out, '', err)
  holds('AuthzSettings', JSON.parse(out))
})

test('Plan, and both journals of what is done of one', async () => {
  const [home, folder, ca] = ['plans', 'mesh', 'ca'].map((name) => join(work, name)) as [
    string,
    string,
    string,
  ]
  mkdirSync(folder)
  // `tls enable` wants pods behind the Service, and a port 443.
  const ports =
    'ports: [{name: http2, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}]'
  writeFileSync(
    join(folder, 'mesh.yaml'),
    `${mesh.replace('ports: [{name: http2, port: 80, targetPort: 8080}]', ports)}---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {matchLabels: {istio: ingressgateway}}, template: {metadata: {labels: {istio: ingressgateway}}, spec: {containers: [{name: istio-proxy, image: "istio/proxyv2:1.24.0"}]}}}
`,
  )
  const env = { HOME: home, XDG_STATE_HOME: home, PATH: process.env.PATH }
  const named = ['--dir', ca, '--name', 'door.example.com']
  for (const part of ['init', 'server']) {
    const made = await run(['ca', part, ...named], { env })
    assert.equal(made.code, 0, made.err)
  }
  const intent = ['tls', 'enable', '--ca', ca, '--host', 'door.example.com', '-f', folder]
  const printed = await run([...intent, '-o', 'plan'], { env })
  assert.notEqual(printed.out, '', printed.err)
  const plan = parse(printed.out) as Plan
  holds('Plan', plan)
  const place = { folder: work, now: () => new Date() }
  keepJournal(beginJournal(plan, 'https://127.0.0.1:6443', place), place)
  holds('PlanJournal', JSON.parse(readFileSync(join(work, 'journal.json'), 'utf8')))
  const applied = await run([...intent, '--apply', '--yes'], { env })
  assert.equal(applied.code, 0, applied.err)
  const kept = readdirSync(home, { recursive: true, encoding: 'utf8' })
  const files = kept.find((name) => name.endsWith('files.json')) ?? 'no journal of files'
  holds('FilesJournal', JSON.parse(readFileSync(join(home, files), 'utf8')))
})

test('every schema has the name of its kind, and ships', () => {
  const { files } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  assert.ok((files as string[]).includes('schemas'))
  for (const [title, { name, schema }] of schemas) {
    assert.equal(name, `${title.replace(/(?<=.)[A-Z]/g, '-$&').toLowerCase()}.schema.json`)
    assert.equal((schema.properties as Record<string, Schema>).kind?.const, title)
  }
})

describe('of a live door', () => {
  let door: Door
  let env: NodeJS.ProcessEnv
  before(async () => {
    door = await startDoor([])
    mkdirSync(join(work, 'home'))
    env = { ...door.env, HOME: work, XDG_CONFIG_HOME: work, XDG_DATA_HOME: work, KUBECONFIG: '' }
    const person = { KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' }
    const { code, err } = await run(['login', door.ready.url], { env: { ...env, ...person } })
    assert.equal(code, 0, err)
  })
  after(() => door.stop())

  test('Doors and Credential, as they are kept', () => {
    const read = (path: string) => JSON.parse(readFileSync(join(work, 'kfdoor', path), 'utf8'))
    const doors = read('doors.json') as { doors: { name: string }[] }
    holds('Doors', doors)
    holds('Credential', read(`credentials/${doors.doors[0]?.name}.json`))
  })

  test('RecordedExchange: kfdoor why --record', async () => {
    const file = join(work, 'seen.json')
    const command = ['curl', '-sf', `${door.ready.url}/nothing`]
    const { code, err } = await run(['why', '--record', file, '--', ...command], { env })
    assert.equal(code, 22, err)
    const seen = JSON.parse(readFileSync(file, 'utf8')) as { requests: unknown[] }
    assert.equal(seen.requests.length, 1)
    holds('RecordedExchange', seen)
  })

  for (const [kind, args] of [
    ['WhoAmI', ['whoami']],
    ['Findings', ['doctor']],
    ['Models', ['models', '--url']],
    ['VerificationPlan', ['verify', '-f', meshAfter, 'https://elsewhere.example.com']],
    ['Verification', ['verify', '--rate', '100', '-f', meshAfter]],
  ] as const) {
    test(`${kind}: kfdoor ${args.join(' ')}`, async () => {
      const url = kind === 'VerificationPlan' ? [] : [door.ready.url]
      const { out, err } = await run([...args, ...url, '-o', 'json'], { env })
      assert.notEqual(out, '', err)
      holds(kind, JSON.parse(out))
    })
  }
})
