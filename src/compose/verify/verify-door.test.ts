/** Which of a plan's witnesses an address is asked: those that come in at the server behind it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../../mesh/index.ts'
import { compileDoor, type Principal, parsePrincipal } from '../../policy/index.ts'
import { doorWith } from './app-door.fixture.ts'
import { planVerification } from './verify-door.ts'

const plain = "{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}"
const redirects = "{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*'], tls: {httpsRedirect: true}}"
const tls =
  "{port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: c}}"

const rows: readonly (readonly [why: string, servers: readonly string[], url: string, asked: string])[] = [
  ['of two servers the plain one, at its address', [redirects, tls], 'http://door.example.com', 'http://x/'],
  ['of two servers the other, at its address', [redirects, tls], 'https://door.example.com', 'https://x/'],
  ['something in front ends TLS', [plain], 'https://door.example.com', 'http://x/'],
  ['something in front begins TLS', [tls], 'http://door.example.com', 'https://x/'],
]

for (const [why, servers, url, asked] of rows) {
  test(`a plan with witnesses of both schemes: ${why}`, () => {
    const { mesh } = parseMesh([{ file: 'door.yaml', text: doorWith(servers) }])
    const anonymous = parsePrincipal('anonymous') as Principal
    const plan = planVerification(
      { HOME: '/nonexistent' },
      {
        url,
        mesh,
        engine: compileDoor(mesh, {}),
        view: {},
        witnesses: ['http://x/', 'https://x/'].map((each) => ({
          principal: anonymous,
          witness: { method: 'GET', url: each, headers: [] },
        })),
        permissions: { probeForged: false, wake: false, allowPost: false, mint: false },
        rate: 1,
        kube: {},
      },
    )
    assert.deepEqual(
      plan.ask.map(({ witness }) => witness.url),
      [asked],
    )
    const left = asked.startsWith('https') ? 'http' : 'https'
    // A door without the other server has nothing to say about it at all.
    const both = servers.length > 1
    assert.deepEqual(
      plan.notAsked.map(({ asked: each, why }) => [each.witness.url, why]),
      both
        ? [
            [
              `${left}://x/`,
              `it comes in over ${left}, and this address leads to the door’s ${asked.split(':')[0]}`,
            ],
          ]
        : [],
    )
  })
}
