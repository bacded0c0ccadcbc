/**
 * Builds the page of the console: `node tools/build-console.ts FOLDER`. The package carries what this
 * writes; a checkout keeps it in the cache, under the hash of all it is made from.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { lighter } from './lighter-page.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const app = join(root, 'src', 'console', 'app')

/** What the page is made of; everything else a room imports is shaken out with the code that wants it. */
const inThePage =
  /^(preact|@preact\/|codemirror$|@codemirror\/|@lezer\/|@marijn\/|style-mod$|w3c-keyname$|crelt$|re2js$|yaml$|diff$)/

const restStaysOut: Plugin = {
  name: 'rest-stays-out',
  enforce: 'pre',
  resolveId(id) {
    const isPackage = !/^[./\0]|^(?:[a-z]:\\|virtual:|vite\/)/i.test(id)
    return isPackage && !inThePage.test(id) ? { id, external: true, moduleSideEffects: false } : null
  },
}

/** One file for a browser, of the same parts; for tests that run the engine there. */
export async function bundleForPage(entry: string): Promise<string> {
  const { build } = await import('vite')
  const built = await build({
    configFile: false,
    logLevel: 'error',
    plugins: [restStaysOut, lighter],
    publicDir: false,
    build: {
      write: false,
      target: 'esnext',
      minify: false,
      lib: { entry, formats: ['iife'], name: 'kfdoor' },
      rolldownOptions: {
        treeshake: { moduleSideEffects: (id: string) => id === entry },
        output: { codeSplitting: false },
      },
    },
  })
  const [output] = [built].flat() as readonly { readonly output: readonly { readonly code?: string }[] }[]
  const code = output?.output[0]?.code
  if (code === undefined) throw new Error('nothing was bundled')
  return code
}

export async function buildConsole(folder: string): Promise<void> {
  const { build } = await import('vite')
  const treeshake = { moduleSideEffects: (id: string) => /\/console\/app\/|\.css$|\.html$/.test(id) }
  await build({
    configFile: false,
    root: app,
    base: '/',
    logLevel: 'error',
    plugins: [restStaysOut, lighter],
    publicDir: false,
    worker: { format: 'es', plugins: () => [restStaysOut, lighter], rolldownOptions: { treeshake } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'esnext',
      modulePreload: false,
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      rolldownOptions: { treeshake },
    },
  })
  const { minify } = await import('terser')
  for (const file of globSync('assets/*.js', { cwd: folder })) {
    // Once more: it finds a hundredth that the bundler leaves.
    const { code: text = '' } = await minify(readFileSync(join(folder, file), 'utf8'), {
      module: true,
      compress: { passes: 2 },
    })
    writeFileSync(join(folder, file), text)
    const reaches = /\b(?:import|export)\b(?:[\w\s{},*$]+?\bfrom)?\s*\(?["'](?![./])([^"']+)["']/.exec(text)
    if (reaches) throw new Error(`${file} would need ${reaches[1]}, which no page has`)
  }
}

/** The folder of the page as the sources are now, built where it is not there yet. */
export async function builtPage(say: (line: string) => void): Promise<string> {
  const cache =
    process.env.KFDOOR_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kfdoor')
  const folder = join(cache, `console-${hashOfSources()}`)
  if (existsSync(folder)) return folder
  say('kfdoor: building the page, once')
  mkdirSync(cache, { recursive: true })
  const fresh = mkdtempSync(join(cache, '.console-'))
  try {
    await buildConsole(fresh)
    // Somebody else may have been faster, with the same result.
    if (!existsSync(folder)) renameSync(fresh, folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  sweep(cache)
  return folder
}

function hashOfSources(): string {
  const hash = createHash('sha256')
  const files = globSync('src/**/*.{ts,tsx,css,html}', { cwd: root })
    .filter((file) => !/\.test\.ts$|\/testing\//.test(file))
    .sort()
  for (const file of ['package-lock.json', 'tools/build-console.ts', 'tools/lighter-page.ts', ...files]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0')
  }
  return hash.digest('hex').slice(0, 16)
}

/** Pages of sources that are gone; a few are kept for whoever goes back and forth. */
function sweep(cache: string): void {
  const old = readdirSync(cache)
    .filter((name) => /^console-[0-9a-f]{16}$/.test(name))
    .map((name) => join(cache, name))
    .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)
    .slice(8)
  for (const folder of old) rmSync(folder, { recursive: true, force: true })
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await buildConsole(resolve(process.argv[2] ?? 'dist/console/page'))
