/** Run as a process of its own: prints how many ms compiling a door takes there, cold. */
import { readInputs } from '../../src/compose/read-inputs.ts'
import { parseMesh } from '../../src/mesh/index.ts'
import { type Context, compileDoor, type DoorRequest } from '../../src/policy/index.ts'

const inputs = await readInputs(process.argv.slice(2), async () => '')
const { mesh } = parseMesh(inputs)
const request: DoorRequest = {
  method: 'GET',
  scheme: 'http',
  host: 'kubeflow.example.com',
  path: '/pipeline/',
  headers: [],
  port: 8080,
  sourceIp: '192.0.2.7',
}
const context: Context = { answers: [], now: 1_800_000_000, verified: () => false, trace: false }
const start = performance.now()
const door = compileDoor(mesh)
door.decide(door.gateway(), request, context)
process.stdout.write(JSON.stringify({ ms: performance.now() - start }))
