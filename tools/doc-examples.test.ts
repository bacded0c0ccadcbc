/**
 * What the documents show must be true: every `kfdoor …` line names a command that is there with
 * options it has, every `npm run …` a script, every link a file.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findEntry } from '../src/cli/registry.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const scripts = (
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts

const quietIo = {
  out: () => {},
  err: () => {},
  env: {},
  tty: { in: false, out: false, err: false },
  readStdin: async () => '',
  exit: () => {},
}

const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).sort()

for (const document of documents) {
  const text = readFileSync(join(root, document), 'utf8')

  test(`${document}: its commands exist`, async () => {
    for (const [, name, rest] of text.matchAll(/^\s*(?:\$ )?(?:npx )?kfdoor ([a-z-]+)([^\n]*)$/gm)) {
      const entry = findEntry(name as string)
      assert.ok(entry, `\`kfdoor ${name}\` is not a command`)
      const command = (await entry.load())(quietIo)
      const known = new Set<string>()
      const collect = (one: typeof command) => {
        for (const option of one.options) {
          if (option.long) known.add(option.long)
          if (option.short) known.add(option.short)
        }
        for (const child of one.commands) collect(child as typeof command)
      }
      collect(command)
      const shell = (rest as string).split(/\s[|#>]|\s--\s/)[0] as string
      for (const [, flag] of shell.matchAll(/\s(--?[a-zA-Z][a-zA-Z-]*)/g)) {
        if (flag === '--help' || flag === '-h') continue
        assert.ok(known.has(flag as string), `\`kfdoor ${name}\` has no option ${flag}`)
      }
    }
  })

  test(`${document}: its npm scripts exist`, () => {
    for (const [, script] of text.matchAll(/npm run ([a-z:-]+)/g)) {
      assert.ok(scripts[script as string], `there is no script ${script}`)
    }
  })

  test(`${document}: its links lead somewhere`, () => {
    for (const [, target] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)/g)) {
      assert.ok(existsSync(join(root, dirname(document), target as string)), `${target} is not there`)
    }
  })
}
