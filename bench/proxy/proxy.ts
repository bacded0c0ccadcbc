import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer, get, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Pinned, serverCore, startPinned } from '../http/pinned.ts'
import { checkAnswer, loadAll } from '../http/round.ts'
import { type Server, startNodePeer, startUpstream } from '../http/servers.ts'
import { atLeast, atMost, judge, type Result } from '../kit/result.ts'
import { kfdoorProgram } from '../kit/up.ts'
import type { Effort, Report } from '../part.ts'

const method: readonly string[] = [
  'Both proxies are Node processes on one core, load (wrk, 32 connections) and upstream (nginx, 251 bytes of JSON) on the other. `plain Node` is `node:http` and a pipe each way, with an agent that keeps connections.',
  '`kfdoor proxy` checks Host, Origin, Fetch Metadata, Referer and the secret in the path, takes the client’s credentials out, adds the one of a door, and looks at each answer for a sign-in; it keeps no log.',
  'Memory is VmRSS after 20 000 requests and again after 100 000 more; for the upload, before it and at its highest while 2 GiB went through.',
]

const KIB = 1024
const GIB = KIB * KIB * KIB

export async function benchProxy(effort: Effort, say: (text: string) => void): Promise<Report> {
  const full = effort === 'full'
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-bench-'))
  const started: Pinned[] = []
  try {
    const upstream = await startUpstream(folder)
    started.push(upstream.process)
    const plain = await startNodePeer('plain Node', upstream.port)
    const ours = await startProxy(`http://127.0.0.1:${upstream.port}`, folder)
    started.push(plain.process, ours.process)
    for (const server of [plain, ours]) await checkAnswer(server)
    say('plain Node, kfdoor proxy: requests')
    const rounds = full
      ? { rounds: 7, seconds: 3, connections: 32 }
      : { rounds: 1, seconds: 1, connections: 2, warmRequests: 10 }
    const figures = await loadAll([plain, ours], rounds)
    const peer = figures.get(plain.name)
    const results: Result[] = [...figures].map(([name, { perSecond, cpu }]) => ({
      name,
      value: perSecond.median,
      min: perSecond.min,
      max: perSecond.max,
      unit: 'requests/s',
      note: `${cpu.median.toFixed(0)} µs of CPU each`,
      ...(name === ours.name &&
        peer && {
          peer: plain.name,
          ratio: perSecond.median / peer.perSecond.median,
          ...judge(atLeast(0.8), perSecond.median / peer.perSecond.median),
        }),
    }))
    say('memory over requests')
    results.push(await overRequests(ours, full ? 100_000 : 200))
    say('memory over an upload')
    results.push(await overUpload(folder, full ? 2 * GIB : 4 * KIB * KIB))
    return { method, results }
  } finally {
    for (const process of started) await process.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function startProxy(door: string, folder: string): Promise<Server> {
  const args = [kfdoorProgram, 'proxy', door, '-o', 'json']
  const env = { ...process.env, KFDOOR_TOKEN: 'bench', XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }
  let proxy: Pinned | undefined
  const address = () => /"url":"([^"]+)"/.exec(proxy?.output() ?? '')?.[1]
  proxy = await startPinned(serverCore, process.execPath, args, { env, ready: async () => true })
  for (let tries = 0; tries < 200 && address() === undefined; tries++) {
    await new Promise((later) => setTimeout(later, 50))
  }
  const url = address()
  if (url === undefined) throw new Error(`kfdoor proxy is not ready: ${proxy.output()}`)
  return { name: 'kfdoor proxy', url: `${url}/data`, process: proxy }
}

/** How much more is held after so many requests. */
async function overRequests({ url, process }: Server, count: number): Promise<Result> {
  await drive(url, count / 5)
  const before = process.residentMiB()
  await drive(url, count)
  const grown = process.residentMiB() - before
  return {
    name: `memory grown over ${count} requests`,
    value: grown,
    unit: 'MiB',
    note: `from ${before.toFixed(0)} MiB`,
    ...judge(atMost(20, 'MiB'), grown),
  }
}

/** So many requests, 32 at a time; each has to be answered. */
async function drive(url: string, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  let left = count
  const one = () =>
    new Promise<void>((resolve, reject) => {
      get(url, { agent }, (answer) => {
        answer.resume()
        answer.once('end', () =>
          answer.statusCode === 200 ? resolve() : reject(new Error(`${url} answers ${answer.statusCode}`)),
        )
      }).once('error', reject)
    })
  const worker = async () => {
    while (left-- > 0) await one()
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  agent.destroy()
}

/** How much more is held while so many bytes go through; all of them have to arrive. */
async function overUpload(folder: string, size: number): Promise<Result> {
  const sink = createServer((asked, answer) => {
    let got = 0
    asked.on('data', (part: Buffer) => {
      got += part.length
    })
    asked.on('end', () => answer.end(String(got)))
  })
  sink.listen(0, '127.0.0.1')
  await new Promise((up) => sink.once('listening', up))
  const { url, process } = await startProxy(
    `http://127.0.0.1:${(sink.address() as AddressInfo).port}`,
    folder,
  )
  let highest = 0
  try {
    await upload(url, 64 * KIB)
    const before = process.residentMiB()
    const look = setInterval(() => {
      highest = Math.max(highest, process.residentMiB())
    }, 50)
    const got = await upload(url, size)
    clearInterval(look)
    if (got !== size) throw new Error(`${got} of ${size} bytes arrived`)
    const grown = Math.max(0, highest - before)
    return {
      name: `memory grown over an upload of ${(size / GIB).toFixed(1)} GiB`,
      value: grown,
      unit: 'MiB',
      note: `from ${before.toFixed(0)} MiB`,
      ...judge(atMost(128, 'MiB'), grown),
    }
  } finally {
    await process.stop()
    sink.close()
    sink.closeAllConnections()
  }
}

/** The bytes the door says it got. */
function upload(url: string, size: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers: { 'content-length': size } }, (answer) => {
      let text = ''
      answer.on('data', (part) => {
        text += part
      })
      answer.on('end', () => resolve(Number(text)))
    })
    sent.on('error', reject)
    const part = Buffer.alloc(256 * KIB)
    let left = size
    const more = () => {
      while (left > 0) {
        const next = part.subarray(0, Math.min(left, part.length))
        left -= next.length
        if (!sent.write(next)) {
          sent.once('drain', more)
          return
        }
      }
      sent.end()
    }
    more()
  })
}
