/**
 * The console over a cluster, a snapshot of it and a plan for it, with a real API server: the commands it hands
 * out are run in a terminal and say what the page says, a fix is written, a plan is applied, or is not.
 */
import assert from 'node:assert/strict'
import { type ExecFileException, execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { smallApp, smallFront } from '../tools/small-door.ts'
import { enter, settled, startConsoleProcess, visit } from './console/start-console.ts'
import { kfdoor } from './door.ts'
import { startChromium, type TrustingBrowser } from './parts/chromium.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { installKinds, loadYaml } from './parts/load-yaml.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kfdoor-console-sources-'))
const kubeconfig = join(folder, 'kubeconfig')
const snapshot = join(folder, 'door.yaml')
const env = { ...process.env, KUBECONFIG: kubeconfig, XDG_STATE_HOME: folder, XDG_RUNTIME_DIR: folder }
const policies = '/apis/security.istio.io/v1/namespaces/kubeflow-user-example-com/authorizationpolicies'

let chromium: TrustingBrowser
let cluster: Cluster
before(async () => {
  chromium = await startChromium(null)
  cluster = await startCluster()
  cluster.kubeconfig(kubeconfig)
  await installKinds(cluster)
  const parts = ['release', 'tls', 'demo'].map((part) => join(root, 'profiles', '26.03', part))
  await loadYaml(cluster, parts, 'kubectl')
  writeFileSync(snapshot, (await run(['snapshot'])).stdout)
})
after(async () => {
  await chromium?.close()
  await cluster?.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const run = (args: readonly string[]): Promise<Ran> => ranAs(process.execPath, [kfdoor, ...args])

/** A command line as somebody pastes it, quoted words and all. */
const runPasted = (line: string): Promise<Ran> => {
  const words = line.replace(/^kfdoor /, `'${process.execPath}' '${kfdoor}' `)
  return ranAs('/bin/sh', ['-c', words])
}

const ranAs = (program: string, args: readonly string[]): Promise<Ran> =>
  new Promise((done) => {
    const options = { env, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 } as const
    execFile(program, args, options, (error: ExecFileException | null, stdout, stderr) => {
      done({ status: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })

interface Opened {
  readonly page: Page
  readonly origin: string
  readonly noted: readonly string[]
}

/** A page of a console that was started so. */
async function over(args: readonly string[], use: (opened: Opened) => Promise<void>): Promise<void> {
  const started = await startConsoleProcess(args, {
    KUBECONFIG: kubeconfig,
    XDG_STATE_HOME: folder,
    XDG_RUNTIME_DIR: folder,
  })
  try {
    const cookies = await enter(chromium.browser, started)
    const { page, noted, close } = await visit(chromium.browser, started, cookies, {
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    try {
      await use({ page, origin: started.origin, noted })
      assert.deepEqual(noted, [])
    } finally {
      await close()
    }
  } finally {
    await started.stop()
  }
}

/** What the button puts into the clipboard. */
async function copied(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Copy as command' }).first().click()
  await page.waitForSelector('.said:not(:empty)')
  return page.evaluate(() => navigator.clipboard.readText())
}

/** Who may call what, behind a door of one gateway. */
const smallDoor = (paths: string) => `${smallFront}---
${smallApp}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app, namespace: apps}
spec:
  hosts: ['*']
  gateways: [istio-system/g]
  http:
  - route: [{destination: {host: app.apps.svc.cluster.local}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: some, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  rules:
  - to: [{operation: {paths: ${paths}}}]
`

const question = new URLSearchParams({
  method: 'POST',
  url: "https://localhost/pipeline/apis/v2beta1/runs?name=it's%20$HOME",
  as: 'sa:kubeflow-user-example-com/default-editor',
  header: 'x-note: a "quoted" $(word)',
})

const sources: readonly (readonly [what: string, args: readonly string[]])[] = [
  ['a cluster', []],
  ['a cluster of a kubeconfig', ['--kubeconfig', kubeconfig, '--context', 'admin']],
  ['a snapshot', ['--snapshot', snapshot]],
  ['a folder', ['-f', join(root, 'profiles', '26.03')]],
]
describe('the console over', { timeout: 1_800_000 }, () => {
  for (const [what, args] of sources) {
    it(`${what} says what the copied command says`, async () => {
      await over(args, async ({ page, origin }) => {
        await page.goto(`${origin}/request?${question}`)
        await page.waitForSelector('.answer .verdict')
        await settled(page)
        const verdict = await page.textContent('.answer .verdict')
        const reason = await page.textContent('.answer dd code')
        const command = await copied(page)
        const { stdout, stderr } = await runPasted(`${command} -o json`)
        const told = JSON.parse(stdout || '{}') as { readonly verdict?: string; readonly steps?: unknown[] }
        assert.equal(told.verdict, verdict, `${command}: ${stderr}`)
        assert.ok(stdout.includes(`"${reason}"`), `${reason} is not in ${stdout.slice(0, 400)}`)
      })
    })
  }

  it('a folder hands out commands for the map, the findings and a change', async () => {
    const [was, is] = [join(folder, 'was'), join(folder, 'is')]
    for (const [place, paths] of [
      [was, '["/open/*"]'],
      [is, '["/open/*", "/more/*", "/star/**"]'],
    ] as const) {
      mkdirSync(place)
      writeFileSync(join(place, 'door.yaml'), smallDoor(paths))
    }
    await over(['-f', is, '--against', was], async ({ page, origin }) => {
      await page.goto(`${origin}/map?fold=no&forged=yes`)
      await page.waitForSelector('.grid .cell')
      const map = JSON.parse((await runPasted(`${await copied(page)} -o json`)).stdout) as { rows: unknown[] }
      assert.ok(map.rows.length > 3)

      await page.goto(`${origin}/findings`)
      await page.waitForSelector('table.findings')
      const rows = await page.locator('table.findings tbody tr').count()
      const lint = JSON.parse((await runPasted(`${await copied(page)} -o json`)).stdout) as {
        findings: unknown[]
      }
      assert.equal(lint.findings.length, rows)

      await page.goto(`${origin}/change`)
      await page.waitForSelector('.change .diff')
      const command = await copied(page)
      assert.match(command, /^kfdoor diff \S+was \S+is$/)
      const diff = JSON.parse((await runPasted(`${command} -o json`)).stdout) as Record<string, unknown[]>
      assert.ok((diff.gained?.length ?? 0) > 0)
      for (const name of ['gained', 'lost', 'changed', 'public']) {
        const shown = (await page.textContent(`#d-${name} .number`)) ?? ''
        const count = diff[name]?.length ?? 0
        assert.equal(shown.trim(), count === 0 ? 'none' : String(count), name)
      }
    })
  })
})

describe('a fix that is written in the page', { timeout: 600_000 }, () => {
  it('takes the finding away, shows as a change, and leaves the file alone', async () => {
    const file = join(folder, 'star.yaml')
    writeFileSync(file, smallDoor('["/private/**"]'))
    await over(['-f', file], async ({ page, origin }) => {
      await page.goto(`${origin}/findings`)
      const row = page.locator('table.findings tr', { hasText: 'KFD0214' })
      await row.waitFor()
      await row.getByRole('button').click()
      await row.waitFor({ state: 'detached' })
      await page.getByRole('link', { name: 'Change', exact: true }).click()
      await page.waitForSelector('.text-diff .plus')
      assert.match((await page.textContent('.text-diff .plus')) ?? '', /"\/private\/\*"\]/)
    })
    const { stdout } = await run(['lint', '-f', file, '-o', 'json'])
    assert.match(stdout, /KFD0214/, 'the file is as it was')
  })
})

describe('a plan in the page', { timeout: 1_800_000 }, () => {
  let plan = ''
  before(async () => {
    const { stdout, stderr } = await run([
      ...['expose', 'sklearn-iris', '-n', 'kubeflow-user-example-com'],
      ...['--to', 'sa:kubeflow-user-example-com/default-viewer', '-o', 'plan'],
    ])
    plan = join(folder, 'plan.yaml')
    writeFileSync(plan, stdout)
    assert.match(stdout, /kind: Plan/, stderr)
  })
  const objects = async () =>
    ((await cluster.call('GET', policies)).body.items as { metadata: { name: string } }[])
      .map(({ metadata }) => metadata.name)
      .sort()

  it('is shown whole, and stays in the terminal', async () => {
    const were = await objects()
    await over(['--plan', plan], async ({ page, origin }) => {
      await page.goto(`${origin}/change`)
      await page.waitForSelector('.object-diff .plus')
      assert.match((await page.textContent('.change')) ?? '', /kfdoor expose sklearn-iris/)
      assert.ok((await page.locator('#d-gained ~ * tbody tr').count()) > 0, 'who gains is shown')
      assert.equal(await page.getByRole('button', { name: 'Apply' }).count(), 0)
      const command = await page.getByRole('button', { name: 'Copy as command' }).last().getAttribute('title')
      assert.match(command ?? '', /^kfdoor apply /)
      // Whoever asks the server itself is refused too.
      const refused = await page.evaluate(async () => {
        const { csrf, plans } = (await (await fetch('/api/start')).json()) as {
          csrf: string
          plans: { metadata: { name: string } }[]
        }
        const answer = await fetch('/api/apply', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-csrf-token': csrf },
          body: JSON.stringify({ plan: plans[0]?.metadata.name }),
        })
        return [answer.status, await answer.text()] as const
      })
      assert.equal(refused[0], 403)
      assert.match(refused[1], /--allow-apply/)
    }).catch((error: unknown) => {
      // Chromium calls the refusal an error; nothing else may have been noted.
      if (!/status of 403/.test(String(error))) throw error
    })
    assert.deepEqual(await objects(), were)
  })

  it('is applied with `--allow-apply`, after a question', async () => {
    const were = await objects()
    await over(['--plan', plan, '--allow-apply'], async ({ page, origin }) => {
      await page.goto(`${origin}/change`)
      await page.getByRole('button', { name: 'Apply' }).click()
      await page.getByRole('button', { name: 'No', exact: true }).click()
      assert.deepEqual(await objects(), were, 'asked, and not done')
      await page.getByRole('button', { name: 'Apply' }).click()
      await page.getByRole('button', { name: 'Yes, apply' }).click()
      await page.waitForFunction(() =>
        /applied/i.test(document.querySelector('.apply [role=status]')?.textContent ?? ''),
      )
    })
    assert.notDeepEqual(await objects(), were)
    const { stdout } = await run(['plan', 'list'])
    assert.match(stdout, /applied/)
  })
})
