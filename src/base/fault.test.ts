/** The table of failures: every number once, every sentence in the house's voice, every code explained. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainCode, explainedCodes } from './explain-code.ts'
import { Fault, type FaultCode, type FaultFacts, faultRows, isFault } from './fault.ts'

const reason = 'the file is empty'

/** Facts as they occur. A fault that is missing here does not compile. */
const facts: { readonly [C in FaultCode]: FaultFacts[C] } = {
  ERR_CA_UNUSABLE: { where: 'ca', reason },
  ERR_CANNOT_LISTEN: { address: '127.0.0.1', port: 80, reason: 'permission denied' },
  ERR_CERTIFICATE_NAME: { name: 'a b' },
  ERR_CSR_UNUSABLE: { reason },
  ERR_DIRECTORY_FAILED: { connector: 'ldap', host: 'ldap.example.com:636', reason: 'connection refused' },
  ERR_FILE_UNWRITABLE: { path: 'ca/ca.crt', reason: 'permission denied' },
  ERR_FOLDER_NEEDS_RENDERING: { folder: 'overlay', command: 'kubectl kustomize overlay' },
  ERR_INPUT_UNREADABLE: { path: 'mesh.yaml', reason: 'no such file' },
  ERR_ISSUER_UNREACHABLE: { issuer: 'https://dex.example.com/dex', reason: 'no answer within 5 s' },
  ERR_KEY_UNFIT: { where: 'server.key' },
  ERR_MESH_INVALID: { problems: ['mesh.yaml:3: `hosts` is missing'] },
  ERR_NAME_OUTSIDE_CA: { names: ['example.org', 'example.net'] },
  ERR_NO_DOOR: { url: 'https://localhost:8443' },
  ERR_NO_GATEWAY: { where: 'mesh.yaml' },
  ERR_NOT_SIGNED_IN: { method: 'GET', path: '/' },
  ERR_PEM_UNREADABLE: { where: 'server.crt', reason },
  ERR_PIPELINES_STORE: { path: 'pipelines.db', reason },
  ERR_PORT_BUSY: { address: '127.0.0.1', port: 8443, flag: '--port' },
  ERR_PUBLISHED_CREDENTIALS: { address: '0.0.0.0', what: ['the password of user@example.com'] },
  ERR_SERVICE_ACCOUNT_INVALID: { what: 'name', value: 'A B' },
  ERR_SESSION_NEEDS_TOKEN: { provider: 'oauth2-proxy' },
  ERR_SESSIONS_UNREACHABLE: { where: 'redis.example.com:6379', reason: 'no answer within 1 s' },
  ERR_SESSIONS_UNUSABLE: { path: 'sessions.db', reason },
  ERR_SETTINGS_INVALID: { problems: ['mesh.yaml:3: `listen` is not ADDRESS:PORT'] },
  ERR_SIGNING_KEY_MISSING: { algorithm: 'RS256' },
  ERR_SIGNING_KEY_UNFIT: { algorithm: 'RS256', reason: 'it has 1024 bits' },
  ERR_STATE_UNUSABLE: { folder: 'state', reason: 'it is not a folder' },
  ERR_TLS_SERVER_UNUSABLE: { hosts: ['*.example.com'], reason: 'the key is of another certificate' },
  ERR_TOKEN_DURATION: { seconds: 60, least: 600 },
  ERR_USAGE: { message: '`--port x` is not a port', next: 'use 0 to 65535' },
  ERR_TRUST_STORE: { command: 'certutil', reason: 'SEC_ERROR_BAD_DATABASE' },
  ERR_WOULD_OVERWRITE: { path: 'ca/ca.key' },
  ERR_CERTIFICATE_UNTRUSTED: {
    url: 'https://kubeflow.example.com',
    reason: 'its authority is not known here',
    trustable: true,
    issuer: 'CN=Company CA',
    names: ['kubeflow.example.com'],
    sha256: 'AB:CD',
    from: 0,
    until: 86_400_000,
  },
  ERR_CONNECTOR_CHOICE: { asked: 'ldpa', connectors: [{ id: 'ldap', name: 'OpenLDAP' }] },
  ERR_CREDENTIALS_EXPIRED: { door: 'work', at: '2026-11-25T00:00:00Z', next: 'kfdoor login https://x' },
  ERR_KEYRING: { reason: 'it is locked', next: 'unlock it' },
  ERR_CREDENTIALS_EXPOSED: { path: '/home/me/work.json', mode: '0640' },
  ERR_CREDENTIALS_MISSING: { door: 'work', next: 'sign in with `kfdoor login URL`' },
  ERR_CREDENTIALS_WRONG: {
    door: 'https://kubeflow.example.com',
    user: 'me',
    words: 'Invalid Email Address and password.',
  },
  ERR_DOOR_REFUSED: { url: 'https://kubeflow.example.com', status: 403, words: 'RBAC: access denied' },
  ERR_DOOR_UNKNOWN: { name: 'wrok', known: ['work'] },
  ERR_DOOR_UNREACHABLE: { url: 'https://kubeflow.example.com', reason: 'nobody answered in 10 s' },
  ERR_FOREIGN_ORIGIN: { door: 'https://kubeflow.example.com', target: 'https://elsewhere.example.org' },
  ERR_HOST_UNKNOWN: { host: 'kubeflow.example.com' },
  ERR_HTML_ANSWER: { url: 'https://kubeflow.example.com', status: 200, title: 'Maintenance' },
  ERR_OBJECT_CHANGED: { object: 'VirtualService team-a/iris', reason: 'it says something else now' },
  ERR_MANAGED_ELSEWHERE: {
    objects: [{ object: 'VirtualService team-a/iris', manager: 'Argo CD (application `models`)' }],
  },
  ERR_INTENT_REFUSED: { intent: 'expose iris', reasons: ['anonymous would get there'] },
  ERR_SUBJECT_UNKNOWN: { what: 'model', asked: 'iriss', near: ['iris'] },
  ERR_CLUSTER_REFUSED: { server: 'https://10.0.0.1:6443', reason: 'services is forbidden' },
  ERR_KUBECONFIG: { path: '/home/me/.kube/config', reason: 'it has no current context' },
  ERR_MODEL_NOT_FOUND: { model: 'team/iris', tried: ['/serving/team/iris'], refused: [] },
  ERR_NEEDS_BROWSER: {
    door: 'https://kubeflow.example.com',
    where: 'https://github.com',
    connector: 'github',
  },
  ERR_NOT_A_DOOR: { url: 'https://kubeflow.example.com', saw: 'it answers 404' },
  ERR_PLAIN_HTTP: { url: 'http://kubeflow.example.com', what: 'a password' },
  ERR_PORT_CLOSED: { host: 'kubeflow.example.com', port: 443 },
  ERR_REDIRECT_LOOP: { door: 'https://kubeflow.example.com', paths: ['/', '/dex/auth', '/'] },
  ERR_SIGN_IN_CSRF: { door: 'https://kubeflow.example.com', words: 'CSRF check failed.' },
  ERR_SIGN_IN_EXPIRED: { door: 'https://kubeflow.example.com', words: 'User session error.' },
  ERR_SIGN_IN_LIMITED: { door: 'https://kubeflow.example.com', words: 'too many attempts', retryAfter: '30' },
  ERR_SIGN_IN_REFUSED: {
    door: 'https://kubeflow.example.com',
    status: 403,
    words: 'Login Failed: interaction_required',
  },
  ERR_TOKEN_REQUEST: { account: 'team/default-editor', reason: 'forbidden' },
  ERR_JOURNAL_UNUSABLE: { path: 'plans/p/journal.json', reason: 'no room' },
  ERR_PLAN_BUSY: { plan: 'expose-iris-3f9a2c', holder: 'process 4 on host' },
  ERR_PLAN_CONFLICT: {
    plan: 'expose-iris-3f9a2c',
    conflicts: ['Gateway kubeflow/door is kept by Argo CD'],
    begun: false,
  },
  ERR_PLAN_CUT: {
    plan: 'expose-iris-3f9a2c',
    object: 'Gateway a/b',
    reason: 'it did not answer',
    during: 'apply',
  },
  ERR_PLAN_EDITED: { plan: 'expose-iris-3f9a2c', objects: ['Gateway a/b: .spec'], during: 'rollback' },
  ERR_PLAN_ELSEWHERE: {
    plan: 'expose-iris-3f9a2c',
    made: 'https://10.0.0.1:6443',
    here: 'https://10.0.0.2:6443',
  },
  ERR_PLAN_GAIN: { plan: 'expose-iris-3f9a2c', gains: ['anonymous GET https://x/'], undone: true },
  ERR_PLAN_NOT_PERMITTED: { plan: 'expose-iris-3f9a2c', reasons: ['Gateway a/b: not yours'] },
  ERR_PLAN_REJECTED: { plan: 'expose-iris-3f9a2c', objects: ['Gateway a/b: unknown field'], begun: true },
  ERR_PLAN_RIGHTS: {
    plan: 'expose-iris-3f9a2c',
    missing: ['update gateways in kubeflow (door)'],
    begun: true,
  },
  ERR_PLAN_STALE: { plan: 'expose-iris-3f9a2c', objects: ['Gateway a/b: .spec'], begun: false },
  ERR_PLAN_STATE: { plan: 'expose-iris-3f9a2c', state: 'was begun', next: 'finish it' },
  ERR_PLAN_STOPPED: {
    plan: 'expose-iris-3f9a2c',
    object: 'Gateway a/b',
    reason: 'denied by a webhook',
    during: 'rollback',
  },
  ERR_PLAN_UNMET: {
    plan: 'expose-iris-3f9a2c',
    answers: ['anonymous GET https://x/: predicted allow, saw 403'],
  },
  ERR_PLAN_UNKNOWN: { name: 'expose-irs', known: ['expose-iris-3f9a2c'] },
}

/** A name someone typed or a program has may stand first in any case. */
const lowerCase = /^(?:[a-z`]|CA\b|TLS\b|GET\b|mesh\.yaml:)/

for (const code of Object.keys(faultRows) as FaultCode[]) {
  const { number } = faultRows[code]
  const fault = new Fault(code, facts[code])

  test(`${number} ${code} says what happened: ${fault.message}`, () => {
    assert.match(fault.message, lowerCase)
    assert.doesNotMatch(fault.message, /[.!]$/)
    assert.doesNotMatch(fault.message, /undefined|\[object|NaN/)
    assert.equal(fault.number, number)
    assert.ok(isFault(fault))
  })

  test(`${number} is explained, by number and by name`, () => {
    for (const typed of [number, number.toLowerCase(), code]) {
      assert.equal(explainCode(typed)?.name, code)
    }
  })
}

test('every number stands once, and has four digits', () => {
  const all = explainedCodes.map(({ code }) => code)
  assert.deepEqual([...new Set(all)].length, all.length)
  for (const code of all) assert.match(code, /^KFD\d{4}$/)
})

for (const { code, meaning, remedy } of explainedCodes) {
  test(`${code}: its meaning is whole sentences, its remedy a phrase`, () => {
    assert.match(meaning, /^[A-Zk].*\.$/s)
    assert.match(remedy, /^[a-z].*[^.]$/s)
  })
}

test('a code nobody gave is not explained', () => {
  assert.equal(explainCode('KFD9999'), undefined)
  assert.equal(explainCode(''), undefined)
})
