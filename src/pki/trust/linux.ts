import type { Machine, Root, Store, Unusable } from './steps.ts'

interface Distribution {
  readonly what: string
  /** Below the root: it has to be there. */
  readonly folder: string
  readonly file: (slug: string) => string
  readonly update: (root: string, taken: boolean) => readonly string[]
  readonly program: string
  /** Below the root: what programs read. */
  readonly bundle?: string
}

/** As mkcert's `truststore_linux.go` knows them, first match. */
const distributions: readonly Distribution[] = [
  {
    what: 'Fedora, RHEL, CentOS',
    folder: '/etc/pki/ca-trust/source/anchors/',
    file: (slug) => `${slug}.pem`,
    program: 'update-ca-trust',
    bundle: '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
    update: (root) => [
      'update-ca-trust',
      'extract',
      ...(root === '/' ? [] : ['-o', `${root}/etc/pki/ca-trust/extracted`]),
    ],
  },
  {
    what: 'Debian, Ubuntu, Alpine',
    folder: '/usr/local/share/ca-certificates/',
    file: (slug) => `${slug}.crt`,
    program: 'update-ca-certificates',
    bundle: '/etc/ssl/certs/ca-certificates.crt',
    // Afresh: Debian leaves the link to what is gone otherwise.
    update: (root, taken) => [
      'update-ca-certificates',
      ...(taken ? ['--fresh'] : []),
      ...(root === '/'
        ? []
        : [
            '--certsconf',
            `${root}/etc/ca-certificates.conf`,
            '--certsdir',
            `${root}/usr/share/ca-certificates`,
            '--localcertsdir',
            `${root}/usr/local/share/ca-certificates`,
            '--etccertsdir',
            `${root}/etc/ssl/certs`,
            '--hooksdir',
            `${root}/etc/ca-certificates/update.d`,
          ]),
    ],
  },
  {
    what: 'Arch',
    folder: '/etc/ca-certificates/trust-source/anchors/',
    file: (slug) => `${slug}.crt`,
    program: 'trust',
    update: () => ['trust', 'extract-compat'],
  },
  {
    what: 'openSUSE, SLES',
    folder: '/usr/share/pki/trust/anchors/',
    file: (slug) => `${slug}.pem`,
    program: 'update-ca-certificates',
    update: () => ['update-ca-certificates'],
  },
]

export function linuxSystemStore(machine: Machine, { pem, slug }: Root): Store | Unusable {
  const base = machine.root === '/' ? '' : machine.root.replace(/\/$/, '')
  const found = distributions.find(({ folder }) => machine.exists(`${base}${folder}`))
  if (found === undefined) {
    return {
      kind: 'system',
      what: 'the system’s store',
      why: `no folder for own roots is known here; looked for ${distributions.map(({ folder }) => folder).join(', ')}`,
    }
  }
  const what = `the system’s store (${found.what})`
  if (!machine.has(found.program)) {
    return { kind: 'system', what, why: `\`${found.program}\` is not installed (package ca-certificates)` }
  }
  const path = `${base}${found.folder}${found.file(slug)}`
  // Another root is a folder of one's own: no rights are needed.
  const asRoot = machine.root === '/'
  const update = (taken: boolean) =>
    ({ do: 'run', command: found.update(base || '/', taken), asRoot }) as const
  return {
    kind: 'system',
    what,
    who: 'curl, Python ssl, Go, OpenSSL',
    ...(found.bundle && { bundle: `${base}${found.bundle}` }),
    install: [{ do: 'write', path, text: pem, asRoot }, update(false)],
    uninstall: [{ do: 'remove', path, asRoot }, update(true)],
  }
}
