import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { promisify } from 'node:util'
import { withoutOwnSecrets } from '../../base/index.ts'
import type { Environment } from './folders.ts'

/** Where systems keep the roots they trust, the first that is there. */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
]

/** Making Java's store takes seconds, so it is made for what runs Java. */
const runsJava =
  /(^|\/)(java|javaw|jshell|mvnw?|gradlew?|sbt|scala|kotlin|ant|lein|spark-submit|jbang)(\.\w+)?$/

export interface TrustBundle {
  /** Variables that make curl, Python, Node, Go and Java trust it. */
  readonly variables: Readonly<Record<string, string>>
  remove(): void
}

/**
 * A file with the roots of the system and these, for one run of one command, in a folder only we may
 * enter. Java takes no PEM: it gets a store where `keytool` can make one.
 */
export async function makeTrustBundle(
  env: Environment,
  roots: readonly string[],
  command: string,
): Promise<TrustBundle> {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-run-'))
  const file = join(folder, 'roots.pem')
  writeFileSync(
    file,
    [systemRoots(env), ...roots]
      .map((each) => each.trimEnd())
      .join('\n')
      .concat('\n'),
    { mode: 0o600 },
  )
  const own = join(folder, 'door.pem')
  writeFileSync(own, roots.join('\n'), { mode: 0o600 })
  const java = runsJava.test(command) ? await javaStore(folder, own, env) : undefined
  return {
    variables: {
      REQUESTS_CA_BUNDLE: file,
      CURL_CA_BUNDLE: file,
      SSL_CERT_FILE: file,
      GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: file,
      // Node adds these to what it trusts already.
      NODE_EXTRA_CA_CERTS: own,
      ...(java !== undefined && {
        JAVA_TOOL_OPTIONS: [env.JAVA_TOOL_OPTIONS, javaOptions(java)].filter(Boolean).join(' '),
      }),
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The roots this system trusts, in PEM; Node's own where it has no file of them. */
export function systemRoots(env: Environment): string {
  for (const path of [env.SSL_CERT_FILE, ...systemBundles]) {
    if (!path || !existsSync(path)) continue
    try {
      return readFileSync(path, 'utf8')
    } catch {
      // Not ours to read: the next one.
    }
  }
  return rootCertificates.join('\n')
}

/** `keytool` makes no store without one. It keeps nothing secret: everybody's cacerts has it. */
const password = 'changeit'

/** What makes Java trust a store of `javaStore`. Without its password Java reads it as empty, and says nothing. */
export const javaOptions = (store: string): string =>
  [
    `-Djavax.net.ssl.trustStore=${store}`,
    '-Djavax.net.ssl.trustStoreType=PKCS12',
    `-Djavax.net.ssl.trustStorePassword=${password}`,
  ].join(' ')

/** Java's own roots and ours; undefined where there is no `keytool`, or it does not want to. */
export async function javaStore(folder: string, pem: string, env: Environment): Promise<string | undefined> {
  const keytool = env.JAVA_HOME ? join(env.JAVA_HOME, 'bin', 'keytool') : 'keytool'
  const store = join(folder, 'roots.p12')
  const common = ['-noprompt', '-storepass', password, '-keystore', store, '-storetype', 'PKCS12']
  // keytool would add to the one that is there, and stop at a name it knows.
  rmSync(store, { force: true })
  try {
    const cacerts = env.JAVA_HOME
      ? join(env.JAVA_HOME, 'lib', 'security', 'cacerts')
      : '/etc/ssl/certs/java/cacerts'
    if (existsSync(cacerts)) {
      const from = ['-importkeystore', '-srckeystore', cacerts, '-srcstorepass', password, '-noprompt']
      await run(
        keytool,
        [...from, '-destkeystore', store, '-deststoretype', 'PKCS12', '-deststorepass', password],
        env,
      )
    }
    const blocks =
      readFileSync(pem, 'utf8').match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []
    for (const [index, block] of blocks.entries()) {
      const one = join(folder, `java-${index}.pem`)
      writeFileSync(one, block, { mode: 0o600 })
      try {
        await run(keytool, ['-importcert', '-alias', `kfdoor-${index}`, '-file', one, ...common], env)
      } finally {
        rmSync(one, { force: true })
      }
    }
    // keytool writes as the umask lets it; who may write here decides whom Java trusts.
    chmodSync(store, 0o644)
    return store
  } catch {
    return undefined
  }
}

const run = (command: string, words: readonly string[], env: Environment) =>
  promisify(execFile)(command, words, { timeout: 20_000, windowsHide: true, env: withoutOwnSecrets(env) })
