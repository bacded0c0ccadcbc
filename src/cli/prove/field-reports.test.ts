/** The mistakes of the field reports, put into a release's YAML: each is found, with a request that shows it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { profileFiles } from '../../compose/profiles.ts'
import { type Mesh, parseMesh } from '../../mesh/index.ts'
import { type Claim, diffAccess, prove } from '../../regions/index.ts'
import { viewOptions } from '../map/view-options.ts'

const now = 1_800_000_000
const exempt = '"/dex/*", "/dex/**", "/oauth2/*"'

function meshOf(edit: (text: string) => string): Mesh {
  const files = profileFiles('26.03', { tls: true, demo: true })
  return parseMesh(files.map((input) => ({ ...input, text: edit(input.text) }))).mesh
}

const closed = (path: string): Claim => ({
  name: path,
  kind: 'never',
  principal: ['anonymous'],
  path: [path],
  reaches: { verdict: ['allow'] },
})

const exemptions: readonly (readonly [added: string, claimed: string, shows: RegExp])[] = [
  ['/kfserving/*', '/kfserving/*', /\/kfserving\/$/],
  ['/v1*', '/v1beta1/*', /\/v1beta1\/$/],
]
for (const [added, claimed, shows] of exemptions) {
  test(`${added} exempted from both policies opens ${claimed} to anybody`, () => {
    const before = prove(
      meshOf((text) => text),
      [closed(claimed)],
      { now, ...viewOptions(meshOf((text) => text)) },
    )
    assert.equal(before[0]?.outcome, 'holds')
    const mesh = meshOf((text) => text.replaceAll(exempt, `${exempt}, "${added}"`))
    const [proof] = prove(mesh, [closed(claimed)], { now, ...viewOptions(mesh) })
    assert.equal(proof?.outcome, 'violated')
    assert.match(proof?.witness?.url ?? '', shows)
  })
}

test('without the issuer of machines no account gets in any more', () => {
  const before = meshOf((text) => text)
  const after = meshOf((text) =>
    text
      .replace('name: m2m-token-issuer,', 'name: m2m-token-issuer, labels: {a: b},')
      .replaceAll('issuer: https://kubernetes.default.svc', 'issuer: https://elsewhere.example'),
  )
  const { lost } = diffAccess(before, after, { now, old: viewOptions(before), new: viewOptions(after) })
  const account = lost.find(({ principal }) => principal === 'sa:kubeflow-user-example-com/default-editor')
  assert.equal(account?.to.reason, 'issuer-unknown')
})
