/**
 * Each claim that kfdoor brings, and a realistic edit of a release that breaks it: before the edit the
 * claim does not fail, after it it does, with a request which the engine lets through when it is asked.
 */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { profileFiles } from '../../compose/profiles.ts'
import { type Mesh, parseMesh } from '../../mesh/index.ts'
import { assumedKeys, compileDoor, explain, type Principal, parsePrincipal } from '../../policy/index.ts'
import { type Proof, prove, type Witness } from '../../regions/index.ts'
import {
  changeObject,
  drop,
  type Edit,
  exempt,
  ingress,
  refuses,
  replace,
  within,
} from '../../regions/mistakes/edits.test.ts'
import { viewOptions } from '../map/view-options.ts'
import { readClaims } from './read-claims.ts'

const now = 1_800_000_000
const library = readdirSync(new URL('../../../claims/', import.meta.url)).map((file) =>
  file.replace(/\.yaml$/, ''),
)
const claims = (
  await Promise.all(library.map((name) => readClaims({ readStdin: async () => '' }, `claims:${name}`)))
).flat()

const all =
  (...edits: Edit[]): Edit =>
  (text, file) =>
    edits.reduce((done, edit) => edit(done, file), text)

/** Whoever has not signed in gets as far as the workload's own sidecar. */
const open = (path: string) => replace(exempt, `${exempt}, "${path}"`)
const noTokensRead = all(
  drop('RequestAuthentication', 'dex-jwt'),
  drop('RequestAuthentication', 'm2m-token-issuer'),
)

type Row = readonly [claim: string, what: string, edit: Edit, shows: { path: RegExp; handed?: string }]
const edits: readonly Row[] = [
  [
    'nobody anonymous reaches a model',
    'the models are exempted, and their own policy is gone',
    all(open('/serving/*'), drop('AuthorizationPolicy', 'demo-models')),
    { path: /^\/serving\// },
  ],
  [
    'no client-sent identity header reaches a workload',
    'the email goes into a header of another name',
    replace('header: kubeflow-userid', 'header: x-kubeflow-userid'),
    { path: /^\//, handed: 'admin@example.com' },
  ],
  [
    'the profile API under /kfam/ is closed to whoever has not signed in',
    'it is exempted, and its sidecar lets the gateway in',
    all(
      open('/kfam/*'),
      within(
        'AuthorizationPolicy',
        'profiles-kfam',
        'cluster.local/ns/kubeflow/sa/centraldashboard',
        ingress,
      ),
    ),
    { path: /^\/kfam\// },
  ],
  [
    'a token of an issuer nobody knows opens nothing',
    'no token is read any more, and nobody insists on one',
    all(noTokensRead, drop('AuthorizationPolicy', refuses)),
    { path: /^\/$/ },
  ],
  [
    'a token that ran out opens nothing',
    'tokens are read at another gateway, and nobody insists on one',
    all(
      changeObject('RequestAuthentication', 'dex-jwt', (text) =>
        text.replace('{app: istio-ingressgateway}', '{app: cluster-local-gateway}'),
      ),
      drop('AuthorizationPolicy', refuses),
    ),
    { path: /^\/$/ },
  ],
  [
    'only the owner and two accounts of the namespace reach sklearn-iris from outside',
    'every account of the namespace',
    within('AuthorizationPolicy', 'demo-models', ':default-editor', ':*'),
    { path: /./ },
  ],
  [
    'only the sign-in itself is open to whoever has not signed in',
    'the pipelines are exempted',
    open('/pipeline/*'),
    { path: /^\/pipeline\// },
  ],
]

const untouched = meshOf()
const before = prove(untouched, claims, { ...viewOptions(untouched), now })

test('every claim kfdoor brings has an edit that breaks it', () => {
  assert.deepEqual(edits.map(([claim]) => claim).sort(), claims.map(({ name }) => name).sort())
})

for (const [name, what, edit, { path, handed }] of edits) {
  test(`${what}: ${name}`, () => {
    assert.notEqual(before.find((proof) => proof.name === name)?.outcome, 'violated')
    const mesh = meshOf(edit)
    const asked = claims.filter((claim) => claim.name === name)
    const [proof] = prove(mesh, asked, { ...viewOptions(mesh), now })
    assert.equal(proof?.outcome, 'violated')
    const witness = proof?.witness as Witness
    assert.match(new URL(witness.url).pathname, path)
    const told = said(mesh, proof as Proof)
    assert.equal(told.verdict, 'allow')
    assert.equal(told.verdict, proof?.got?.verdict)
    if (handed !== undefined) assert.equal(told.userid, handed)
  })
}

/** What `explain` says of the witness, before the application's own check. */
function said(mesh: Mesh, { principal = '', witness }: Proof) {
  const { method, url, headers } = witness as Witness
  const [, scheme, authority = '', path = ''] = /^(https?):\/\/([^/]*)(.*)$/.exec(url) ?? []
  const provider = viewOptions(mesh).signIn?.answer
  const result = explain(compileDoor(mesh, { fetched: assumedKeys }), {
    method,
    scheme: scheme === 'https' ? 'https' : 'http',
    host: headers.find(([name]) => name === 'host')?.[1] ?? authority,
    connectTo: authority,
    path,
    headers: headers.filter(([name]) => name !== 'host'),
    principal: parsePrincipal(principal) as Principal,
    now,
    signature: () => false,
    ...(provider && { provider }),
  })
  assert.ok(!('problem' in result))
  const { decision } = result.arrived ?? result
  const sent = decision.kind === 'forward' ? decision.headers : []
  return { verdict: decision.verdict, userid: sent.find(([name]) => name === 'kubeflow-userid')?.[1] }
}

function meshOf(edit: Edit = (text) => text): Mesh {
  const files = profileFiles('26.03', { tls: true, demo: true })
  return parseMesh(files.map((input) => ({ ...input, text: edit(input.text, input.file) }))).mesh
}
