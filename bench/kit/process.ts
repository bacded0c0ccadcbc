import { readdirSync, readFileSync } from 'node:fs'

/** What a process costs, read from Linux's `/proc`. */
export interface Measured {
  /** Milliseconds of CPU its whole tree has used. */
  cpuMs(): number
  /** Resident memory of its tree in MiB. */
  residentMiB(): number
}

export function measured(pid: number): Measured {
  return { cpuMs: () => sum(pid, cpuOf), residentMiB: () => sum(pid, residentOf) }
}

function sum(root: number, of: (pid: number) => number): number {
  return treeOf(root).reduce((total, pid) => total + of(pid), 0)
}

/** A process and all it started. */
function treeOf(root: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const parent = Number(statOf(Number(name))?.[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const tree = [root]
  for (let at = 0; at < tree.length; at++) tree.push(...(children.get(tree[at] as number) ?? []))
  return tree
}

/** Fields of `/proc/PID/stat` from the state on; undefined when it is gone. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** Linux counts in hundredths of a second. */
function cpuOf(pid: number): number {
  const stat = statOf(pid)
  return stat === undefined ? 0 : (Number(stat[11]) + Number(stat[12])) * 10
}

function residentOf(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kib ?? 0) / 1024
  } catch {
    return 0
  }
}
