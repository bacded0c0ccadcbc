/**
 * What the documents show must be true: every `kfdoor …` in a code block or in backticks names a
 * command that is there with options it has, every `npm run …` a script, every path and link a file.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Io } from '../src/cli/io.ts'
import { findEntry } from '../src/cli/registry.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

const silent: Io = {
  out: () => {},
  err: () => {},
  env: {},
  tty: { in: false, out: false, err: false },
  readStdin: async () => '',
  exit: () => {},
}

/** What a document shows as code: its fenced blocks, continued lines joined, and its inline spans. */
function codeOf(markdown: string): string[] {
  const fence = /^```[^\n]*\n([\s\S]*?)^```/gm
  const blocks = [...markdown.matchAll(fence)].map(([, code]) => (code as string).replace(/\\\n\s*/g, ' '))
  const spans = [...markdown.replace(fence, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code as string)
  return [...blocks.flatMap((block) => block.split('\n')), ...spans]
}

/** Calls of kfdoor in a line of shell, in `$(…)` too: the command's name and the words after it. */
function callsIn(line: string): (readonly [name: string, words: readonly string[]])[] {
  const calls = line.matchAll(/(?:^|[|(]\s*|\$ )(?:npx )?kfdoor ([a-z][a-z0-9-]*)((?:'[^']*'|[^|)#>])*)/g)
  return [...calls].map(([, name = '', rest = '']) => [
    name,
    rest.split(/\s--(?:\s|$)/)[0]?.match(/\S+/g) ?? [],
  ])
}

async function check(name: string, words: readonly string[]): Promise<void> {
  const entry = findEntry(name)
  assert.ok(entry, `\`kfdoor ${name}\` is not a command`)
  let command: CommandUnknownOpts = (await entry.load())(silent)
  let path = `kfdoor ${name}`
  for (const word of words) {
    if (command.commands.length === 0 || !/^[a-z][a-z0-9-]*$/.test(word)) break
    const child = command.commands.find((each) => each.name() === word)
    assert.ok(child, `\`${path} ${word}\` is not a command`)
    command = child
    path += ` ${word}`
  }
  // Another program's options are its own to know.
  const { _allowUnknownOption: passesOn } = command as unknown as { readonly _allowUnknownOption: boolean }
  if (passesOn) return
  for (const word of words.filter((each) => /^--?[a-zA-Z]/.test(each))) {
    const flag = word.replace(/=.*$/, '')
    const known = command.options.some(({ long, short }) => long === flag || short === flag)
    assert.ok(known || flag === '--help' || flag === '-h', `\`kfdoor ${name}\` has no option ${flag}`)
  }
}

for (const document of globSync(['*.md', 'docs/**/*.md', 'conformance/*.md', 'deploy/*.md'], {
  cwd: root,
}).sort()) {
  const text = readFileSync(join(root, document), 'utf8')
  const code = codeOf(text)

  test(`${document}: its commands exist`, async () => {
    for (const [name, words] of code.flatMap(callsIn)) await check(name, words)
  })

  test(`${document}: its npm scripts exist`, () => {
    for (const [, script] of text.matchAll(/npm run ([a-z:-]+)/g)) {
      assert.ok(scripts[script as string], `there is no script ${script}`)
    }
  })

  test(`${document}: the files it names are there`, () => {
    for (const [path] of text.matchAll(
      /(?<=`)(?:bin|conformance|docs|e2e|profiles|src|tools)\/[^`\s…<*{]*(?=`)/g,
    )) {
      assert.ok(existsSync(join(root, path)), `${path} is not there`)
    }
  })

  test(`${document}: its links lead somewhere`, () => {
    for (const [, target] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)/g)) {
      assert.ok(existsSync(join(root, dirname(document), target as string)), `${target} is not there`)
    }
  })
}

test('the examples are found: README shows the main commands', () => {
  const names = codeOf(readFileSync(join(root, 'README.md'), 'utf8'))
    .flatMap(callsIn)
    .map(([name]) => name)
  for (const name of ['up', 'token', 'why', 'explain', 'ca']) assert.ok(names.includes(name), name)
})

test('the examples of every page of help exist', async () => {
  const { registry } = await import('../src/cli/registry.ts')
  const pages = [(await import('../src/cli/help.ts')).renderHelp()]
  const walk = (command: CommandUnknownOpts) => {
    let page = ''
    command.configureOutput({ writeOut: (part) => (page += part) }).outputHelp()
    pages.push(page)
    command.commands.forEach(walk)
  }
  for (const entry of registry) walk((await entry.load())(silent))
  for (const page of pages) {
    const examples = page.split(/^Examples?:\n/m)[1] ?? ''
    for (const line of examples.split('\n').filter((each) => each.startsWith('  '))) {
      for (const [name, words] of callsIn(line.trim())) await check(name, words)
    }
  }
})
