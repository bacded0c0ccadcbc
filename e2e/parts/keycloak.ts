import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { debian } from './debian.ts'
import { freePort, type Neighbour, startNeighbour } from './process.ts'

const VERSION = '26.7.3'

/** A Keycloak on loopback with one realm. */
export interface Keycloak {
  /** `http://127.0.0.1:PORT/realms/REALM` */
  readonly issuer: string
  stop(): Promise<void>
}

/** Keycloak's own distribution, from Maven. It is unpacked once; what it builds for itself at its first start stays there too. */
async function ensureKeycloak(): Promise<string> {
  const folder = await cached(`keycloak-${VERSION}`, async (place) => {
    const { root } = await debian(['maven'], 'usr/bin/mvn')
    execFileSync(
      join(root, 'usr/bin/mvn'),
      [
        '-q',
        '-B',
        'dependency:copy',
        `-Dartifact=org.keycloak:keycloak-quarkus-dist:${VERSION}:zip`,
        `-DoutputDirectory=${place}`,
      ],
      { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] },
    )
    const archive = join(place, `keycloak-quarkus-dist-${VERSION}.zip`)
    execFileSync('python3', ['-m', 'zipfile', '-e', archive, place], { stdio: 'inherit' })
    rmSync(archive)
  })
  return join(folder, `keycloak-${VERSION}`)
}

/** Starts it with the realm (Keycloak's own import format); resolves when its discovery document is there. */
export async function startKeycloak(
  realm: Readonly<Record<string, unknown>> & { readonly realm: string },
): Promise<Keycloak> {
  const home = await ensureKeycloak()
  const imports = join(home, 'data', 'import')
  rmSync(join(home, 'data'), { recursive: true, force: true })
  mkdirSync(imports, { recursive: true })
  writeFileSync(join(imports, `${realm.realm}.json`), JSON.stringify(realm))
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}/realms/${realm.realm}`
  const server: Neighbour = await startNeighbour(
    'bash',
    [
      join(home, 'bin', 'kc.sh'),
      'start-dev',
      '--import-realm',
      `--http-port=${port}`,
      '--http-host=127.0.0.1',
      '--db=dev-mem',
      '--log-level=warn',
    ],
    {
      env: { ...process.env, JAVA_OPTS_APPEND: '-Xmx512m', KC_CACHE: 'local' },
      within: 600_000,
      ready: async () => (await fetch(`${issuer}/.well-known/openid-configuration`)).ok,
    },
  )
  return { issuer, stop: () => server.stop() }
}
