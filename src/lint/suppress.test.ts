/** Comments that keep a finding quiet: where they reach, what they need, and in which clothes the file may come. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { lint } from './index.ts'

const head = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: kubeflow}
spec:
  action: DENY
  rules:
  - to:
    - operation:
        notPaths:
`

/** Codes of what is left, and how many are quiet. */
function sifted(text: string): string {
  const inputs = [{ file: 'a.yaml', text }]
  const { mesh, problems } = parseMesh(inputs)
  const { findings, suppressed } = lint({ mesh, problems, inputs, now: 0 })
  return `${findings.map(({ code, severity }) => `${code} ${severity}`).join(', ') || 'none'}; ${suppressed.length}`
}

const rows: readonly (readonly [why: string, list: string, want: string])[] = [
  ['on its line', `        - '/a/**' # kfdoor:ignore KFD0214 upstream writes it\n`, 'none; 1'],
  ['above it', `        # kfdoor:ignore KFD0214 upstream writes it\n        - '/a/**'\n`, 'none; 1'],
  [
    'three lines above it',
    `        # kfdoor:ignore KFD0214 upstream writes it\n\n\n        - '/a/**'\n`,
    'none; 1',
  ],
  [
    'four lines above is too far',
    `        # kfdoor:ignore KFD0214 upstream writes it\n\n\n\n        - '/a/**'\n`,
    'KFD0214 warning, KFD0298 info; 0',
  ],
  [
    'the second of two in a list is another one',
    `        # kfdoor:ignore KFD0214 upstream writes it\n        - '/a/**'\n        - '/b/**'\n`,
    'KFD0214 warning; 1',
  ],
  [
    'two comments for two',
    `        # kfdoor:ignore KFD0214 one\n        - '/a/**'\n        - '/b/**' # kfdoor:ignore KFD0214 two\n`,
    'none; 2',
  ],
  ['a colon behind the code', `        - '/a/**' # kfdoor:ignore KFD0214: upstream writes it\n`, 'none; 1'],
  [
    'another code',
    `        - '/a/**' # kfdoor:ignore KFD0215 upstream writes it\n`,
    'KFD0214 warning, KFD0298 info; 0',
  ],
  ['no reason', `        - '/a/**' # kfdoor:ignore KFD0214\n`, 'KFD0214 warning, KFD0298 warning; 0'],
  [
    'blanks are no reason',
    `        - '/a/**' # kfdoor:ignore KFD0214:   \n`,
    'KFD0214 warning, KFD0298 warning; 0',
  ],
  [
    'no code',
    `        - '/a/**' # kfdoor:ignore upstream writes it\n`,
    'KFD0214 warning, KFD0298 warning; 0',
  ],
  [
    'half a code',
    `        - '/a/**' # kfdoor:ignore KFD214 upstream\n`,
    'KFD0214 warning, KFD0298 warning; 0',
  ],
  [
    'nothing there to keep quiet',
    `        - '/a/*' # kfdoor:ignore KFD0214 was there once\n`,
    'KFD0298 info; 0',
  ],
]

for (const [why, list, want] of rows) {
  test(`a suppression ${why}`, () => assert.equal(sifted(head + list), want))
  test(`a suppression ${why}, with line ends of Windows`, () =>
    assert.equal(sifted((head + list).replaceAll('\n', '\r\n')), want))
}
