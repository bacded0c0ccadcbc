/** What a claims file may say, field by field, and where it is told what is wrong with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { profileFiles } from '../../compose/profiles.ts'
import { parseMesh } from '../../mesh/index.ts'
import { prove } from '../../regions/index.ts'
import { exitFor } from '../exit-for.ts'
import { viewOptions } from '../map/view-options.ts'
import { readClaims } from './read-claims.ts'

const head = 'apiVersion: kfdoor/v1alpha1\nkind: Claims\n'
const read = (text: string) => readClaims({ readStdin: async () => text }, '-')
const never = (fields: string) =>
  `${head}claims:\n- name: a\n  never: {${fields}, reaches: {verdict: allow}}\n`

const wrong: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ['nothing in it', '# nothing\n', /<stdin>:1: the file has to be a mapping/],
  ['no claim in it', `${head}claims: []\n`, /:1: `claims` is an empty list/],
  ['claims by name', `${head}claims: {a: {}}\n`, /:3: `claims` has to be a list/],
  ['a claim that is a text', `${head}claims: [closed]\n`, /:3: a claim has to be a mapping/],
  [
    'the kind of a tests file',
    'apiVersion: kfdoor/v1alpha1\nkind: Tests\nclaims: []',
    /:2: kind has to be `Claims`/,
  ],
  ['a second document', `${never('path: /a')}---\n${never('path: /b')}`, /:6: a second document/],
  ['no name', `${head}claims:\n- never: {reaches: {verdict: allow}}\n`, /:4: a claim needs a `name`/],
  ['an empty name', `${head}claims:\n- name: ""\n  never: {reaches: {}}\n`, /:4: `name` is empty/],
  [
    'both kinds',
    `${head}claims:\n- name: a\n  never: {reaches: {}}\n  always: {reaches: {}}\n`,
    /:4: a claim says either/,
  ],
  [
    'a field twice',
    `${head}claims:\n- name: a\n  name: b\n  never: {reaches: {}}\n`,
    /:5: Map keys must be unique/,
  ],
  ['a mapping for a path', never('path: {exact: /a}'), /:5: `path` has to be a text/],
  ['an empty list', never('method: []'), /:5: `method` is an empty list/],
  ['an alias of nothing', never('path: *a'), /:5: /],
  ['a caller without a kind', never('principal: [anonymous, bob]'), /:5: `bob` is no principal/],
  ['an account without a namespace', never('notPrincipal: sa:editor'), /:5: `sa:editor` is no principal/],
  ['a path without its slash', never('path: kfam/*'), /:5: `kfam\/\*` is no path/],
  ['a path with a query', never('notPath: "/a?b=c"'), /:5: `\/a\?b=c` is no path/],
  ['a template that does not end', never('path: "/{**}/a/{**"'), /:5: .* is no path template/],
  ['a URL for a host', never('host: "https://a.example"'), /:5: .* is no host/],
  ['two words for a method', never('notMethod: GET POST'), /:5: `GET POST` is no method/],
  ['a text for headers', never('header: accept'), /:5: `header` has to be a mapping/],
  ['a pseudo header', never('header: {":path": /a}'), /:5: `:path` is no header's name/],
  ['a header without a name', never('header: {"": a}'), /:5: `` is no header's name/],
  ['a header of two lines', never('header: {accept: "a\\nb"}'), /:5: header `accept` has more than one line/],
  [
    'a verdict among others',
    `${head}claims:\n- name: a\n  never: {reaches: {verdict: [allow, maybe]}}\n`,
    /:5: `maybe` is no verdict/,
  ],
  [
    'a service misspelled',
    `${head}claims:\n- name: a\n  never: {reaches: {services: a}}\n`,
    /:5: `reaches` has no field `services`/,
  ],
]
for (const [what, text, says] of wrong) {
  test(`claims with ${what} are told where`, async () => {
    await assert.rejects(read(text), (fault) => {
      assert.ok(isFault(fault))
      assert.match(fault.message, says)
      assert.equal(exitFor(fault.code), 2)
      return true
    })
  })
}

const mesh = parseMesh(profileFiles('26.03', { tls: true, demo: true })).mesh
const iris = 'kubeflow-user-example-com/sklearn-iris'
const user = 'principal: "user:user@example.com"'
const jupyter = 'path: "/jupyter/*"'
const allowed = 'reaches: {verdict: allow}'

/** A claim that fails, with what its request has to look like, and one field more or other that makes it hold. */
const fields: readonly (readonly [kind: string, fails: string, holds: string, shows?: RegExp])[] = [
  [
    'never',
    `${user}, ${jupyter}, ${allowed}`,
    `principal: anonymous, ${jupyter}, ${allowed}`,
    /^user:user@example.com.* GET /,
  ],
  [
    'never',
    `principal: ["user:*", anonymous], ${jupyter}, ${allowed}`,
    `principal: ["user:*", anonymous], notPrincipal: "user:*", ${jupyter}, ${allowed}`,
    /^user:/,
  ],
  [
    'never',
    `${user}, method: PUT, ${jupyter}, ${allowed}`,
    `${user}, method: PUT, notMethod: "P*", ${jupyter}, ${allowed}`,
    / PUT /,
  ],
  [
    'never',
    `${user}, notMethod: GET, ${jupyter}, ${allowed}`,
    `${user}, method: GET, notMethod: GET, ${jupyter}, ${allowed}`,
    / (?!GET )[A-Z]+ /,
  ],
  [
    'never',
    `${user}, host: "*.kubeflow.example", ${jupyter}, ${allowed}`,
    `${user}, host: "*.kubeflow.example", notHost: "*.example", ${jupyter}, ${allowed}`,
    /\/\/[^/]*\.kubeflow\.example\//,
  ],
  [
    'never',
    `${user}, path: "/jupyter/a/{*}", ${allowed}`,
    `${user}, path: "/jupyter/a/{*}", notPath: "/jupyter/*", ${allowed}`,
    /\/jupyter\/a\/[^/]+ /,
  ],
  [
    'never',
    `${user}, header: {x-own: "a*"}, ${jupyter}, ${allowed}`,
    `principal: anonymous, header: {x-own: "a*"}, ${jupyter}, ${allowed}`,
    /x-own: a/,
  ],
  [
    'never',
    `${user}, reaches: {service: jupyter-web-app-service}`,
    `principal: anonymous, reaches: {service: jupyter-web-app-service}`,
    /\/jupyter\//,
  ],
  [
    'never',
    `${user}, reaches: {service: kubeflow/katib-ui}`,
    `${user}, reaches: {service: default/katib-ui}`,
    /\/katib\//,
  ],
  [
    'never',
    `${user}, reaches: {service: "model:${iris}"}`,
    `principal: "user:other@example.com", notPath: ["*/healthz", "*/metrics", "*/wait-for-drain"], reaches: {service: "model:${iris}"}`,
  ],
  [
    'never',
    `principal: anonymous, ${jupyter}, reaches: {verdict: challenge}`,
    `principal: anonymous, path: "/dex/*", reaches: {verdict: challenge}`,
  ],
  [
    'never',
    `${user}, ${jupyter}, reaches: {header: {kubeflow-userid: "user@*"}}`,
    `${user}, ${jupyter}, reaches: {header: {kubeflow-userid: admin@example.com}}`,
  ],
  [
    'always',
    `${user}, method: GET, ${jupyter}, reaches: {service: katib-ui}`,
    `${user}, method: GET, host: kubeflow.example.com, ${jupyter}, reaches: {verdict: [allow, redirect]}`,
    /\/jupyter\//,
  ],
]

for (const [kind, fails, holds, shows] of fields) {
  test(`${kind}: ${holds} holds, and ${fails} does not`, async () => {
    const claims = await read(
      `${head}claims:\n- {name: fails, ${kind}: {${fails}}}\n- {name: holds, ${kind}: {${holds}}}\n`,
    )
    const [first, second] = prove(mesh, claims, { ...viewOptions(mesh), now: 1_800_000_000 })
    assert.equal(first?.outcome, 'violated')
    assert.equal(second?.outcome, 'holds', JSON.stringify(second))
    const { method, url, headers = [] } = first?.witness ?? {}
    const told = `${first?.principal} ${method} ${url} ${headers.map((pair) => pair.join(': ')).join(' ')}`
    if (shows) assert.match(told, shows)
  })
}
