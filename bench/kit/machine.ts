import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'

/** One line about where the figures come from: they hold for this machine, their ratios travel further. */
export function describeMachine(): string {
  const [cpu] = cpus()
  const system = readOrNothing('/etc/os-release').match(/^PRETTY_NAME="?([^"\n]+)/m)?.[1] ?? process.platform
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const virtual = /hypervisor/.test(readOrNothing('/proc/cpuinfo')) ? ', virtual machine' : ''
  return `${cpus().length} × ${cpu?.model.trim()}${virtual}, ${memory}, ${system}, Linux ${release()}, Node ${process.versions.node}, load ${loadavg()[0]?.toFixed(1)} at the start`
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
