/** One mistake in the clothes YAML comes in: it is found on its line, or what stands in the way is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { lint } from './index.ts'

const policy = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: kubeflow}
spec:
  rules:
  - to:
    - operation: {paths: ['/v1*']}
`
const json = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'p', namespace: 'kubeflow' },
  spec: { rules: [{ to: [{ operation: { paths: ['/v1*'] } }] }] },
}
const indented = policy.replace(/^/gm, '  ')

/** What is found, as `CODE:line`. */
function found(text: string, file = 'a.yaml'): string {
  const inputs = [{ file, text }]
  const { mesh, problems } = parseMesh(inputs)
  return lint({ mesh, problems, inputs, now: 0 })
    .findings.map(({ code, evidence }) => `${code}:${evidence[0]?.at.line}`)
    .join(' ')
}

const rows: readonly (readonly [why: string, text: string, want: string, file?: string])[] = [
  ['as it is', policy, 'KFD0215:7'],
  ['a mark of its byte order', `\ufeff${policy}`, 'KFD0215:7'],
  ['line ends of Windows', policy.replaceAll('\n', '\r\n'), 'KFD0215:7'],
  ['no line end at the end', policy.trimEnd(), 'KFD0215:7'],
  ['a comment and a directive before it', `# of ours\n%YAML 1.2\n---\n${policy}`, 'KFD0215:10'],
  ['empty documents around it', `---\n---\n# nothing\n---\n${policy}---\n---\n`, 'KFD0215:11'],
  ['an end of documents', `${policy}...\n---\n`, 'KFD0215:7'],
  ['JSON', JSON.stringify(json, null, 1), 'KFD0215:15', 'a.json'],
  ['JSON on one line', JSON.stringify(json), 'KFD0215:1', 'a.json'],
  [
    'a List of kubectl',
    `apiVersion: v1\nkind: List\nitems:\n- ${indented.trimStart().replace(/^ {2}/gm, '  ')}`,
    'KFD0215:10',
  ],
  [
    'a List of its own kind',
    `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicyList\nitems:\n- ${indented.trimStart()}`,
    'KFD0215:10',
  ],
  [
    'an anchor, found where the text is',
    `${policy.replace("['/v1*']", "&open ['/v1*']")}  - to:\n    - operation: {paths: *open, methods: [GET]}\n`,
    'KFD0215:7',
  ],
  [
    'a merge key',
    policy.replace(
      "    - operation: {paths: ['/v1*']}",
      "    - operation: &open {paths: ['/v1*']}\n    - operation: {<<: *open, methods: [GET]}",
    ),
    'KFD0215:7',
  ],
  ['a text over two lines', policy.replace("['/v1*']", "[\n        '/v1*']"), 'KFD0215:8'],
]

for (const [why, text, want, file] of rows) test(why, () => assert.equal(found(text, file), want))

const broken: readonly (readonly [why: string, text: string, says: RegExp])[] = [
  ['a key twice', policy.replace('  rules:', '  action: ALLOW\n  action: DENY\n  rules:'), /KFD0200:6/],
  ['tabs for blanks', policy.replace('  rules:', '\trules:'), /KFD0200:5/],
  ['a template of Helm', policy.replace("['/v1*']", '{{ .Values.paths }}'), /KFD0200:7/],
  ['a line of a template', `{{- if .Values.door }}\n${policy}{{- end }}\n`, /KFD0200:1/],
  ['an alias of nothing', policy.replace("['/v1*']", '*nobody'), /KFD0200:7/],
  ['half a text', policy.replace("'/v1*']}", "'/v1"), /KFD0200:\d/],
]
for (const [why, text, says] of broken)
  test(`${why} is told with its line`, () => assert.match(found(text), says))

test('one broken document does not hide the others', () => {
  assert.match(found(`a: [\n---\n${policy}`), /KFD0200:\d.*KFD0215:9|KFD0215:9/)
})
