import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Fault } from '../../base/index.ts'
import { readCertificates, refuseKeyIn, writePublic } from '../../pki/index.ts'
import { javaOptions, javaStore, systemRoots } from '../doors/trust-bundle.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A variable, who reads it, and the file it names. */
export interface TrustVariable {
  readonly name: string
  readonly value: string
  readonly who: string
}

/**
 * The variables that make programs trust a root, and the files they name, written into `into`: all but
 * Node's take the place of the system's roots, so they name a file with both.
 */
export async function trustVariables(
  caPem: string,
  into: string,
  options: { readonly env: Environment; readonly force: boolean },
): Promise<readonly TrustVariable[]> {
  await readCertificates(caPem, 'the CA')
  refuseKeyIn(caPem, 'the CA')
  const folder = resolve(into)
  const file = (name: string) => join(folder, name)
  for (const name of ['ca.pem', 'roots.pem', 'roots.p12']) {
    if (!options.force && existsSync(file(name))) throw new Fault('ERR_WOULD_OVERWRITE', { path: file(name) })
  }
  writePublic(file('ca.pem'), caPem)
  writePublic(file('roots.pem'), `${systemRoots(options.env).trimEnd()}\n${caPem}`)
  const java = await javaStore(folder, file('ca.pem'), options.env)
  return [
    ...variables(file('roots.pem'), file('ca.pem')),
    ...(java === undefined ? [] : [javaVariable(java)]),
  ]
}

/** The same for a container, where ca.pem and roots.pem are mounted. */
export function variables(roots: string, own: string): readonly TrustVariable[] {
  return [
    { name: 'CURL_CA_BUNDLE', value: roots, who: 'curl' },
    { name: 'SSL_CERT_FILE', value: roots, who: 'Python ssl, Go, OpenSSL' },
    { name: 'REQUESTS_CA_BUNDLE', value: roots, who: 'Python requests' },
    { name: 'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', value: roots, who: 'gRPC' },
    { name: 'AWS_CA_BUNDLE', value: roots, who: 'boto3 and the AWS command line' },
    { name: 'NODE_EXTRA_CA_CERTS', value: own, who: 'Node, beside its own roots' },
  ]
}

const javaVariable = (store: string): TrustVariable => ({
  name: 'JAVA_TOOL_OPTIONS',
  value: javaOptions(store),
  who: 'Java',
})
