/** What was answered is there after the process was killed, after a restart, and for everybody at once. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { anExperiment, aRun, aServer, namespace } from './a-server.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipelines-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('the file and all that lies beside it are for their owner only', () => {
  const store = join(folder, 'modes.db')
  const server = aServer({ store })
  for (const name of [store, `${store}-wal`, `${store}-shm`]) {
    assert.equal(statSync(name).mode & 0o777, 0o600, name)
  }
  server.close()
})

test('a file that is no database is a fault that names it, and is left as it is', () => {
  const store = join(folder, 'other.db')
  writeFileSync(store, 'not a database, and long enough to be looked at as one')
  assert.throws(
    () => aServer({ store }),
    (error) => isFault(error) && error.code === 'ERR_PIPELINES_STORE' && error.message.includes(store),
  )
  assert.equal(statSync(store).size, 54)
})

test('a restart finds everything', async () => {
  const store = join(folder, 'restart.db')
  const first = aServer({ store })
  const run = await aRun(first, await anExperiment(first))
  const shown = await first.ask('GET', `/apis/v2beta1/runs/${run}`)
  first.close()
  const second = aServer({ store })
  assert.deepEqual((await second.ask('GET', `/apis/v2beta1/runs/${run}`)).body, shown.body)
  second.close()
})

test('kill -9 in the midst of writing loses nothing that was answered', async () => {
  const store = join(folder, 'killed.db')
  const fixture = new URL('a-server.ts', import.meta.url).href
  const program = `
    import { aServer, anExperiment, aRun } from ${JSON.stringify(fixture)}
    const server = aServer({ store: ${JSON.stringify(store)} })
    const experiment = await anExperiment(server)
    for (;;) console.log(await aRun(server, experiment))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const answered: string[] = []
  for await (const id of createInterface({ input: child.stdout })) {
    answered.push(id)
    if (answered.length === 40) child.kill('SIGKILL')
  }
  assert.ok(answered.length >= 40)
  const server = aServer({ store })
  for (const id of answered) {
    assert.equal((await server.ask('GET', `/apis/v2beta1/runs/${id}`)).status, 200, id)
  }
  const { body } = await server.ask('GET', `/apis/v2beta1/runs?namespace=${namespace}`)
  assert.ok(body.total_size >= answered.length)
  server.close()
})

test('of many who make the same experiment at once, one makes it', async () => {
  const server = aServer()
  const made = await Promise.all(
    Array.from({ length: 20 }, () =>
      server.ask('POST', '/apis/v2beta1/experiments', { display_name: 'same', namespace }),
    ),
  )
  assert.deepEqual(made.map(({ status }) => status).sort(), [200, ...Array(19).fill(409)])
  server.close()
})

test('many runs at once are all kept, each under its own id', async () => {
  const server = aServer()
  const experiment = await anExperiment(server)
  const ids = await Promise.all(Array.from({ length: 100 }, (_, i) => aRun(server, experiment, `run ${i}`)))
  assert.equal(new Set(ids).size, 100)
  const { body } = await server.ask('GET', `/apis/v2beta1/runs?experiment_id=${experiment}&page_size=200`)
  assert.deepEqual(new Set(body.runs.map((run: { run_id: string }) => run.run_id)), new Set(ids))
  server.close()
})
