/** For `node --import`: the process is killed, as by `kill -9`, right before the KILLED_AT-th time it changes a file. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

let left = Number(process.env.KILLED_AT)

function counted<F extends (...given: never[]) => unknown>(
  change: F,
  counts: (...given: Parameters<F>) => boolean,
): F {
  const instead = (...given: Parameters<F>) => {
    if (counts(...given) && --left === 0) process.kill(process.pid, 'SIGKILL')
    return change(...given)
  }
  return instead as unknown as F
}

fs.openSync = counted(fs.openSync, (_path, flags) => flags === 'wx')
fs.writeSync = counted(fs.writeSync as (...given: never[]) => number, () => true) as typeof fs.writeSync
fs.linkSync = counted(fs.linkSync, () => true)
fs.renameSync = counted(fs.renameSync, () => true)
fs.rmSync = counted(fs.rmSync, () => true)
syncBuiltinESMExports()
