import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cached } from './cache.ts'

/** An OpenLDAP server on loopback, with its own folder. */
export interface Slapd {
  readonly port: number
  /** Starts it again on the same port, with the same people. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Stops it and removes its folder. */
  close(): Promise<void>
}

export interface SlapdOptions {
  /** LDIF of everybody under `dc=example,dc=org`. */
  readonly ldif: string
  /** PEM files, for StartTLS. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

interface Binary {
  readonly slapd: string
  readonly slapadd: readonly string[]
  readonly schema: string
  readonly modules: string
  readonly env: NodeJS.ProcessEnv
}

/** Debian's slapd: the one installed, or unpacked into the cache without installing anything. */
async function ensureSlapd(): Promise<Binary> {
  if (existsSync('/usr/sbin/slapd')) return binaryUnder('/')
  return binaryUnder(
    await cached('slapd', (place) => {
      // A fresh image has no package lists; only root may fetch them.
      execFileSync('sh', ['-c', 'apt-cache show slapd >/dev/null 2>&1 || apt-get update -qq'], {
        stdio: 'inherit',
      })
      const packages = execFileSync(
        'sh',
        [
          '-c',
          "apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances slapd | grep '^[a-z]' | sort -u",
        ],
        { encoding: 'utf8' },
      )
        .split('\n')
        .filter((name) =>
          /^(slapd|libldap|libodbc|libltdl|libperl|perl|libwrap|libsasl2|libargon|libnsl)/.test(name),
        )
      execFileSync('apt-get', ['download', ...packages], { cwd: place, stdio: 'inherit' })
      for (const deb of readdirSync(place).filter((name) => name.endsWith('.deb'))) {
        execFileSync('dpkg', ['-x', join(place, deb), place])
      }
    }),
  )
}

function binaryUnder(root: string): Binary {
  const libraries = ['usr/lib', 'lib']
    .map((folder) => join(root, folder))
    .flatMap((lib) => (existsSync(lib) ? readdirSync(lib).map((name) => join(lib, name)) : []))
    .filter((folder) => folder.endsWith('-linux-gnu'))
    .join(':')
  const slapd = join(root, 'usr/sbin/slapd')
  return {
    slapd,
    // slapadd is slapd under another name.
    slapadd: [slapd, '-T', 'add'],
    schema: join(root, 'etc/ldap/schema'),
    modules: join(root, 'usr/lib/ldap'),
    env: root === '/' ? process.env : { ...process.env, LD_LIBRARY_PATH: libraries },
  }
}

/** Fills a directory and serves it; resolves when it takes connections. */
export async function startSlapd(options: SlapdOptions): Promise<Slapd> {
  const binary = await ensureSlapd()
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-slapd-'))
  const config = join(folder, 'slapd.conf')
  const port = await freePort()
  mkdirSync(join(folder, 'db'))
  writeFileSync(join(folder, 'people.ldif'), options.ldif)
  writeFileSync(
    config,
    [
      ...['core', 'cosine', 'inetorgperson'].map(
        (name) => `include ${join(binary.schema, `${name}.schema`)}`,
      ),
      `modulepath ${binary.modules}`,
      'moduleload back_mdb',
      `pidfile ${join(folder, 'slapd.pid')}`,
      ...(options.tls
        ? [`TLSCertificateFile ${options.tls.cert}`, `TLSCertificateKeyFile ${options.tls.key}`]
        : []),
      'database mdb',
      'suffix "dc=example,dc=org"',
      'rootdn "cn=admin,dc=example,dc=org"',
      'rootpw admin',
      `directory ${join(folder, 'db')}`,
      '',
    ].join('\n'),
  )
  const [command = '', ...flags] = binary.slapadd
  execFileSync(command, [...flags, '-f', config, '-l', join(folder, 'people.ldif')], {
    env: binary.env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })

  let running: { readonly stop: () => Promise<void> } | undefined
  const start = async () => {
    const child = spawn(binary.slapd, ['-f', config, '-h', `ldap://127.0.0.1:${port}`, '-d', '0'], {
      env: binary.env,
      stdio: 'ignore',
    })
    const gone = new Promise<void>((done) => child.once('exit', () => done()))
    running = {
      stop: () => {
        child.kill()
        return gone
      },
    }
    await accepting(port)
  }
  const stop = async () => {
    await running?.stop()
    running = undefined
  }
  await start()
  return {
    port,
    start,
    stop,
    async close() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A port nobody listens on now. */
function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer().once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? found(address.port) : failed(new Error('no port')),
      )
    })
  })
}

async function accepting(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const open = await new Promise<boolean>((answer) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => answer(true)).once('error', () => answer(false))
      socket.once('close', () => socket.destroy())
      socket.once('connect', () => socket.end())
    })
    if (open) return
    await new Promise((later) => setTimeout(later, 50))
  }
  throw new Error(`slapd does not listen on ${port}`)
}
