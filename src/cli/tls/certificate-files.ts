/** The certificate somebody brings to `tls enable`: read, and judged before anything is planned. */
import { Fault } from '../../base/index.ts'
import type { TlsFiles } from '../../pki/index.ts'
import { type ServedWith, shellWord } from '../../planner/index.ts'

export interface GivenFiles extends TlsFiles {
  /** Where they were read, for whoever has to look there. */
  readonly certFile: string
  readonly keyFile: string
  /** What makes the Secret by hand. */
  readonly command: (served: ServedWith) => readonly string[]
}

interface Asked {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
  readonly certManager?: string
  readonly host?: readonly string[]
  readonly clientCa?: string
}

/**
 * undefined = the Secret is made elsewhere.
 *
 * @throws Fault ERR_USAGE, ERR_INPUT_UNREADABLE
 */
export async function filesOf(asked: Asked): Promise<GivenFiles | undefined> {
  const { cert, key, ca, certManager, host, clientCa } = asked
  const ways = [cert ?? key, ca, certManager].filter((one) => one !== undefined)
  if (ways.length > 1 || (cert === undefined) !== (key === undefined)) {
    throw new Fault('ERR_USAGE', {
      message: ways.length > 1 ? 'the certificate comes from one place' : '`--cert` and `--key` go together',
      next: 'use one of `--cert` with `--key`, `--ca`, `--cert-manager`, or a Secret that is there',
    })
  }
  const { openCaFolder, readPem } = await import('../../pki/index.ts')
  if (ca !== undefined) {
    const [first] = host ?? []
    if (first === undefined)
      throw new Fault('ERR_USAGE', {
        message: '`--ca` needs to know which certificate',
        next: 'say `--host NAME`',
      })
    const [dir, name] = [shellWord(ca), shellWord(first)]
    return {
      ...openCaFolder(ca, Date.now).read(first),
      certFile: `the certificate for ${first} in ${ca}`,
      keyFile: `the key for ${first} in ${ca}`,
      command: ({ place, mutual }) => {
        const callers = clientCa === undefined ? '' : ` --client-ca ${shellWord(clientCa)}`
        return [
          `kfdoor ca secret ${name} --dir ${dir} --secret-name ${place.name} -n ${place.namespace}${mutual ? ` --mutual${callers}` : ''}`,
        ]
      },
    }
  }
  if (cert === undefined || key === undefined) return undefined
  return {
    certPem: readPem(cert, 'CERTIFICATE'),
    keyPem: readPem(key, 'CERTIFICATE'),
    certFile: cert,
    keyFile: key,
    command: ({ place: { name, namespace }, mutual }) => [
      `kubectl create secret tls ${name} -n ${namespace} --cert ${shellWord(cert)} --key ${shellWord(key)} --dry-run=client -o yaml`,
      ...(mutual ? callersCommand({ name, namespace }, clientCa ?? 'CALLERS-CA.crt') : []),
    ],
  }
}

/** What makes the Secret in which Istio looks for the callers' authority. */
export const callersCommand = ({ name, namespace }: ServedWith['place'], file: string): readonly string[] => [
  `kubectl create secret generic ${name}-cacert -n ${namespace} --from-file ca.crt=${shellWord(file)} --dry-run=client -o yaml`,
]

/**
 * What clients will say, before anybody meets it. A certificate that no client takes is refused: port 80
 * would send everybody to it.
 *
 * @param named what somebody typed as `--host`
 * @param served what the Gateway will serve with it
 * @throws Fault ERR_PEM_UNREADABLE, ERR_KEY_UNFIT
 */
export async function objections(
  files: Pick<GivenFiles, 'certFile' | 'keyFile' | keyof TlsFiles>,
  named: readonly string[] | undefined,
  served: readonly string[],
): Promise<readonly string[]> {
  const { certFile, keyFile, certPem, keyPem, caPem } = files
  const { firstName, readCertificates, refusalsOf, refuseUnfitPair } = await import('../../pki/index.ts')
  refuseUnfitPair({ certPem, keyPem }, { cert: certFile, key: keyFile })
  const chain = await readCertificates(certPem, certFile)
  const trusted = caPem === undefined ? undefined : await readCertificates(caPem, 'the root')
  const own = chain.slice(0, 1).flatMap((leaf) => firstName(leaf) ?? [])
  // One server may serve more than was asked for, and sends that to the certificate too.
  const all = new Set([...(named ?? []), ...served])
  const judged = [...(all.size > 0 ? all : own)].map((written) =>
    refusalsOf(chain, written, trusted, Date.now()),
  )
  const untaken = judged.filter(({ ofAll }) => ofAll)
  // Another certificate may serve a name nobody asked for; one that was typed is meant.
  const [worst] = named
    ? untaken.filter(({ written }) => named.includes(written))
    : untaken.length === judged.length
      ? untaken
      : []
  if (worst !== undefined) {
    const [reason] = worst.by[0]?.reasons ?? []
    throw new Fault('ERR_PEM_UNREADABLE', {
      where: certFile,
      reason: `no client takes it for ${worst.host}, and port 80 would send everybody to it: ${reason}`,
    })
  }
  return [
    ...judged.flatMap(({ host, by }) =>
      by.map(({ who, reasons }) => `${who} refuses the certificate for ${host}: ${reasons[0]}`),
    ),
    ...(trusted === undefined ? alone(chain, certFile) : []),
  ]
}

/** Nobody but a caller who was given the very issuer takes a leaf without what lies between. */
function alone(
  chain: readonly { readonly issuer: string; readonly subject: string }[],
  certFile: string,
): readonly string[] {
  const [leaf] = chain
  if (chain.length !== 1 || leaf === undefined || leaf.issuer === leaf.subject) return []
  return [
    `\`${certFile}\` holds one certificate and none of an authority between: unless clients were given its issuer itself, they refuse it; put the chain behind it`,
  ]
}
