#!/usr/bin/env node
// Plain JavaScript that old Nodes can parse: it finds a Node that can run the program, then runs it.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Not imported: the import of a builtin module makes everything it offers, streams and all, which takes
// longer than `kfdoor token`. Old Nodes, which have no such way, get there by the import.
const builtin = process.getBuiltinModule ?? ((name) => import(name))
const { existsSync, realpathSync } = await builtin('node:fs')
const module = await builtin('node:module')

const home = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))))
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 19)) {
  module.enableCompileCache?.()
  // A checkout runs its TypeScript as it stands; the npm package carries it compiled, because Node
  // does not strip types below node_modules.
  const compiled = join(home, 'dist', 'cli', 'main.js')
  const source = join(home, 'src', 'cli', 'main.ts')
  const { main } = await import(existsSync(source) ? source : compiled)
  await main(process.argv.slice(2))
} else {
  await runWithPinnedNode()
}

/** `npm ci` brings the Node this repository pins; an older `node` on the PATH only starts it. */
async function runWithPinnedNode() {
  const { spawn } = await import('node:child_process')
  let node
  try {
    const found = module.createRequire(import.meta.url).resolve('node/package.json')
    node = join(dirname(found), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  } catch {
    node = undefined
  }
  if (!node || !existsSync(node)) {
    process.stderr.write(
      `kfdoor needs Node 22.19 or newer, and this is ${process.versions.node}. Install one from https://nodejs.org, or run \`npm ci\` in a checkout.\n`,
    )
    process.exit(2)
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  // Whoever ends this process means the program: a terminal reaches both, `kill` and npm only this one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`kfdoor cannot run its Node ${node}: ${error.message}\n`)
    process.exitCode = 2
  })
  child.on('exit', (code, signal) => {
    // As a shell says it: 128 and the number of the signal.
    process.exitCode = code ?? { SIGHUP: 129, SIGINT: 130, SIGKILL: 137, SIGTERM: 143 }[signal] ?? 1
  })
}
