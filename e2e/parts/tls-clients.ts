/** The real clients, each put before one server per row and given the row's root. */
import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:https'
import { type AddressInfo, isIP } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { startChromium } from './chromium.ts'
import type { OddRow } from './odd-rows.ts'
import { ensureVenv } from './python.ts'

interface Served extends OddRow {
  readonly port: number
  readonly caFile: string
}
/** `ok`, or the client's own words; in the rows' order. */
export type Answers = readonly string[]

/** Every client's answers by its name in `src/pki/clients/client.ts`. `folder` takes what has to lie in files. */
export async function askClients(
  rows: readonly OddRow[],
  folder: string,
): Promise<ReadonlyMap<string, Answers>> {
  const servers: Server[] = []
  const served: Served[] = []
  try {
    for (const row of rows) {
      const caFile = join(folder, `${row.id}.ca.pem`)
      writeFileSync(caFile, row.ca)
      const server = serve(row)
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
      servers.push(server)
      served.push({ ...row, caFile, port: (server.address() as AddressInfo).port })
    }
    const lines = (kind?: string) =>
      served.map(({ host, port, caFile }) => [...(kind ? [kind] : []), host, port, caFile].join('\t'))
    const python = join(import.meta.dirname, '..', 'python', 'tls_clients.py')
    const venv = await ensureVenv('requests', ['requests==2.32.5'])
    return new Map([
      ['python', await piped('python3', [python], lines('python'))],
      ['python3.13', await piped(newestPython(), [python], lines('python3.13'))],
      ['requests', await piped(venv, [python], lines('requests'))],
      ['go', await piped(await goClient(), [], lines())],
      ['node', await Promise.all(served.map(byNode))],
      ['curl', await oneByOne(served, byCurl)],
      ['chromium', await byChromium(served, folder)],
    ])
  } finally {
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  }
}

function serve(row: OddRow): Server {
  const server = createServer(
    { cert: row.chain.join(''), key: row.keyPem, ciphers: 'DEFAULT@SECLEVEL=0' },
    (_request, response) => response.end('hi'),
  )
  return server.on('tlsClientError', () => {})
}

/** Hundreds of processes at once are no test of a client. */
async function oneByOne<T>(all: readonly Served[], ask: (one: Served) => Promise<T>): Promise<readonly T[]> {
  const said: T[] = []
  for (const one of all) said.push(await ask(one))
  return said
}

function piped(program: string, words: readonly string[], lines: readonly string[]): Promise<Answers> {
  return new Promise((done, failed) => {
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (part) => (text += part))
    child.on('error', failed)
    child.on('close', () => {
      const said = text.trimEnd().split('\n')
      if (said.length === lines.length) done(said)
      else failed(new Error(`${program} answered ${said.length} of ${lines.length}`))
    })
    child.stdin.end(`${lines.join('\n')}\n`)
  })
}

/** One from 3.13 on where there is one; the older sets the same flags by hand. */
function newestPython(): string {
  const versions = join(homedir(), '.pyenv', 'versions')
  const own = existing(() => readdirSync(versions)).filter((name) => /^3\.(1[3-9]|[2-9]\d)/.test(name))
  const candidates = [
    'python3.15',
    'python3.14',
    'python3.13',
    ...own.map((name) => join(versions, name, 'bin', 'python3')),
  ]
  return (
    candidates.find(
      (one) => existing(() => [execFileSync(one, ['--version'], { stdio: 'pipe' })]).length > 0,
    ) ?? 'python3'
  )
}

function existing<T>(list: () => readonly T[]): readonly T[] {
  try {
    return list()
  } catch {
    return []
  }
}

async function goClient(): Promise<string> {
  const place = await cached('go-tls-client-1', (into) => {
    copyFileSync(join(import.meta.dirname, '..', 'go', 'tls_client.go'), join(into, 'main.go'))
    writeFileSync(join(into, 'go.mod'), 'module tlsclient\n\ngo 1.24\n')
    execFileSync('go', ['build', '-buildvcs=false', '-o', join(into, 'tls-client'), '.'], {
      cwd: into,
      stdio: 'inherit',
    })
  })
  return join(place, 'tls-client')
}

const byNode = ({ host, port, ca }: Served) =>
  new Promise<string>((done) => {
    // As in `https.get('https://HOST/')`: an address goes without SNI and is compared as an address.
    const call = request(
      {
        host: isIP(host) ? host : '127.0.0.1',
        port,
        ca,
        agent: false,
        ...(!isIP(host) && { servername: host }),
      },
      (response) => {
        response.resume()
        done('ok')
      },
    )
    call.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
    call.end()
  })

const byCurl = ({ host, port, caFile }: Served) =>
  new Promise<string>((done) => {
    const words = [
      '-sS',
      '--noproxy',
      '*',
      '-o',
      '/dev/null',
      '--cacert',
      caFile,
      '--resolve',
      `${host}:${port}:127.0.0.1`,
    ]
    const child = spawn('curl', [...words, `https://${host}:${port}/`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (part) => (said += part))
    child.on('close', (code) => done(code === 0 ? 'ok' : (said.split('\n')[0] ?? 'curl failed')))
  })

async function byChromium(all: readonly Served[], folder: string): Promise<Answers> {
  const bundle = join(folder, 'roots')
  mkdirSync(bundle)
  // Every root at once, but those whose owners nobody should trust.
  const trusted = new Set(
    all.filter(({ strangers }) => !strangers).map(({ caFile }) => readFileSync(caFile, 'utf8')),
  )
  const files = [...trusted].map((pem, at) => {
    const path = join(bundle, `${at}.pem`)
    writeFileSync(path, pem)
    return path
  })
  const chromium = await startChromium(files, [
    '--host-resolver-rules=MAP *.test 127.0.0.1, MAP *.localhost 127.0.0.1',
    '--no-proxy-server',
  ])
  try {
    const said: string[] = []
    for (const { host, port } of all) {
      const page = await chromium.browser.newPage()
      said.push(
        await page.goto(`https://${host}:${port}/`).then(
          () => 'ok',
          (error) => /net::(\w+)/.exec(String(error))?.[1] ?? String(error),
        ),
      )
      await page.close()
    }
    return said
  } finally {
    await chromium.close()
  }
}
