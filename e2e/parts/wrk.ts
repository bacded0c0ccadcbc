import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debian } from './debian.ts'

export interface Load {
  /** Settles when the time is over: how often each status came, and what came without one. */
  readonly done: Promise<{ readonly statuses: Readonly<Record<string, number>>; readonly errors: number }>
}

/** Debian's wrk against one URL of this machine, with the headers in turn, for so many seconds. */
export async function startWrk(
  url: string,
  options: {
    readonly headers: readonly (readonly [string, string])[]
    readonly connections: number
    readonly seconds: number
  },
): Promise<Load> {
  if (!/^http:\/\/127\.0\.0\.1:/.test(url)) throw new Error('a load stays on this machine')
  const { root, env } = await debian(['wrk'], 'usr/bin/wrk')
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-wrk-'))
  const script = join(folder, 'load.lua')
  const list = options.headers.map(([name, value]) => `{${JSON.stringify(name)}, ${JSON.stringify(value)}}`)
  writeFileSync(
    script,
    `local sent = {${list.join(',')}}
local turn = 0
statuses = ""
local counts = {}
local mine
function setup(thread) mine = thread end
function request()
  turn = turn % #sent + 1
  return wrk.format("GET", nil, { [sent[turn][1]] = sent[turn][2] })
end
function response(status)
  counts[status] = (counts[status] or 0) + 1
  local parts = {}
  for k, v in pairs(counts) do parts[#parts + 1] = string.format('"%d":%d', k, v) end
  statuses = table.concat(parts, ",")
end
function done(summary)
  local e = summary.errors
  io.write(string.format('RESULT {"statuses":{%s},"errors":%d}\\n', mine:get("statuses"), e.connect + e.read + e.write + e.timeout))
end
`,
  )
  const { connections, seconds } = options
  const child = spawn(
    join(root, 'usr/bin/wrk'),
    ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  process.once('exit', () => child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      said += part
    })
  return {
    done: new Promise((settled, failed) => {
      child.once('error', failed).once('close', () => {
        rmSync(folder, { recursive: true, force: true })
        const found = /RESULT (.*)/.exec(said)?.[1]
        if (found) settled(JSON.parse(found))
        else failed(new Error(`wrk: ${said}`))
      })
    }),
  }
}
