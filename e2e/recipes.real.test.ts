/**
 * docs/recipes.md, run: the files it shows are written, its shell blocks and the steps of its workflow are
 * run in order, with the real kfp, requests and Java, at a door of 26.03.
 */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { type Door, kfdoor, startDoor } from './door.ts'
import { debian } from './parts/debian.ts'
import { ensureKfp } from './parts/kfp.ts'

const page = readFileSync(new URL('../docs/recipes.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language = '', code = '']) => ({
  language,
  code,
}))
const fileIn = (code: string) => /^(?:#|\/\/) ([\w.]+)\n/.exec(code)?.[1]

describe('the recipes', { timeout: 1_200_000 }, () => {
  const place = mkdtempSync(join(tmpdir(), 'kfdoor-recipes-'))
  let door: Door
  let env: NodeJS.ProcessEnv
  const bash = async (script: string, more: NodeJS.ProcessEnv = {}) => {
    const { stdout, stderr } = await promisify(execFile)('bash', ['-e', '-o', 'pipefail', '-c', script], {
      cwd: place,
      env: { ...env, ...more },
      timeout: 120_000,
    })
    return stdout + stderr
  }
  const here = (text: string) => text.replaceAll('https://kubeflow.example.com', door.ready.url)

  before(async () => {
    const python = await ensureKfp('2.17.0')
    const jdk = await debian(['default-jdk-headless'], 'usr/bin/javac')
    door = await startDoor()
    const bin = join(place, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'kfdoor'), `#!/bin/sh\nexec "${process.execPath}" "${kfdoor}" "$@"\n`)
    chmodSync(join(bin, 'kfdoor'), 0o755)
    symlinkSync(join(jdk.root, 'usr/bin/java'), join(bin, 'java'))
    // Airflow's two decorators, for the function to be run by itself.
    mkdirSync(join(place, 'airflow'))
    writeFileSync(join(place, 'airflow', '__init__.py'), '')
    writeFileSync(
      join(place, 'airflow', 'decorators.py'),
      'def task(f):\n    return f\n\ndef dag(**_):\n    return lambda f: f\n',
    )
    copyFileSync(door.ready.caFile ?? '', join(place, 'door-ca.pem'))
    env = {
      ...jdk.env,
      HOME: place,
      // Whoever runs this keeps their own doors.
      XDG_CONFIG_HOME: undefined,
      XDG_DATA_HOME: undefined,
      PATH: `${bin}:${dirname(python)}:${process.env.PATH}`,
      XDG_RUNTIME_DIR: door.env.XDG_RUNTIME_DIR,
      PYTHONPATH: place,
      KFDOOR_PASSWORD: '12341234',
    }
    for (const { code } of blocks) {
      const name = fileIn(code)
      if (name !== undefined) writeFileSync(join(place, name), here(code))
    }
  })
  after(async () => {
    await door?.stop()
    rmSync(place, { recursive: true, force: true })
  })

  /** What each block prints, where it prints something of its own. */
  const says: Readonly<Record<string, RegExp>> = {
    'kfdoor login': /Signed in as user@example\.com/,
    'kfdoor curl': /"multi_user":\s*true/,
    'curl -sS': /("multi_user":\s*true[\s\S]*){2}/,
    'python train.py': /experiments: 0/,
    'python predict.py': /predictions: \[1\]/,
    'python header.py': /multi user: True/,
    'python dag.py': /experiments: 0/,
    'java Predict.java': /\{"predictions":\[1\]\}/,
  }
  for (const { code } of blocks.filter(({ language }) => language === 'sh')) {
    it(code.split('\n')[0] as string, async () => {
      const said = await bash(here(code))
      const [, want] = Object.entries(says).find(([key]) => code.includes(key)) ?? []
      assert.ok(want, `no expectation for ${code}`)
      assert.match(said, want)
    })
  }

  it('the steps of the workflow, with nothing kept', async () => {
    const { jobs } = parse(readFileSync(join(place, 'train.yaml'), 'utf8')) as {
      jobs: { train: { env: Record<string, string>; steps: { run?: string }[] } }
    }
    const job = { ...jobs.train.env, KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' }
    const fresh = join(place, 'fresh')
    mkdirSync(fresh)
    for (const { run } of jobs.train.steps) {
      if (run === undefined || run.startsWith('npm install')) continue
      assert.match(await bash(run, { ...job, HOME: fresh }), /multi_user|experiments: 0/)
    }
  })

  it('shows no other files than those it runs', () => {
    const shown = blocks.filter(({ language }) => ['python', 'java', 'yaml'].includes(language))
    assert.deepEqual(
      shown.filter(({ code }) => fileIn(code) === undefined),
      [],
    )
    assert.ok(execFileSync('ls', [place], { encoding: 'utf8' }).includes('Predict.java'))
  })
})
