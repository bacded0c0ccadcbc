/** `kfdoor doctor` before doors that have the reported problems. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { walkDoor } from '../src/compose/doctor/walk-door.ts'
import { sights, usualAnswer } from './doctor-sights.ts'

const home = mkdtempSync(join(tmpdir(), 'kfdoor-sights-'))
after(() => rmSync(home, { recursive: true, force: true }))

const place = { XDG_CONFIG_HOME: join(home, 'c'), XDG_STATE_HOME: join(home, 's'), XDG_RUNTIME_DIR: home }

function credential(env: string | undefined): Record<string, string> {
  if (env === undefined) return {}
  if (env === 'cookie') return { KFDOOR_COOKIE: 'authservice_session=abc' }
  return { KFDOOR_TOKEN: env === 'token' ? 'eyJhbGciOiJSUzI1NiJ9.e30.x' : env }
}

for (const { rows, code, why, path = '/', env, answer } of sights) {
  test(`${rows.join(', ')}: ${why}: ${code}`, async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      const { status, headers = {}, body = '' } = answer(request, usualAnswer(request))
      response.writeHead(status, headers as Record<string, string>).end(body)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
      const { hops } = await walkDoor({ ...place, ...credential(env) }, url)
      const found = hops.flatMap(({ findings }) => findings)
      assert.ok(
        found.some((each) => each.code === code),
        `${found.map((each) => `${each.code} ${each.message}`).join('\n')}\n${JSON.stringify(hops.map(({ hop, state, seen }) => [hop, state, seen]))}`,
      )
      // A handful of requests, and none that changes anything.
      assert.ok(asked.length <= 20, asked.join())
      assert.ok(
        asked.every((line) => line.startsWith('GET ')),
        asked.join(),
      )
      assert.doesNotMatch(JSON.stringify(hops), /eyJ|session=abc/)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
}
