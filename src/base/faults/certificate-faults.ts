import type { FaultRows } from './fault-row.ts'

/** What is wrong with a CA, a key, a certificate or the place it lies in (`KFD14xx`). */
export interface CertificateFacts {
  readonly ERR_CERTIFICATE_NAME: { readonly name: string }
  readonly ERR_NAME_OUTSIDE_CA: { readonly names: readonly string[] }
  readonly ERR_CA_UNUSABLE: { readonly where: string; readonly reason: string }
  readonly ERR_CSR_UNUSABLE: { readonly reason: string }
  readonly ERR_KEY_UNFIT: { readonly where: string }
  readonly ERR_PEM_UNREADABLE: { readonly where: string; readonly reason: string }
  readonly ERR_FILE_UNWRITABLE: { readonly path: string; readonly reason: string }
  readonly ERR_WOULD_OVERWRITE: { readonly path: string; readonly next?: string }
  readonly ERR_TRUST_STORE: { readonly command: string; readonly reason: string }
}

export const certificateFaults: FaultRows<CertificateFacts> = {
  ERR_CERTIFICATE_NAME: {
    number: 'KFD1401',
    sentence: (f) =>
      `\`${f.name}\` is neither a host name nor an address a certificate can carry${f.name.includes('@') ? '; a mail address is the name of a caller, and of nobody beside it: `kfdoor ca client --common-name MAIL`' : ''}`,
    meaning:
      'A certificate names hosts and addresses (RFC 5280, subject alternative names). What was given is neither, or a wildcard where none can stand: only the whole first label may be `*`.',
    remedy: 'write a host name such as `kubeflow.example.com`, `*.example.com`, or an IP address',
  },
  ERR_NAME_OUTSIDE_CA: {
    number: 'KFD1402',
    sentence: (f) =>
      `this CA may not sign for ${f.names.map((name) => `\`${name}\``).join(', ')}; it is limited to the names it was made for`,
    meaning:
      'The root certificate carries critical name constraints (RFC 5280 §4.2.1.10), so that it can never speak for sites it was not made for. The name lies outside of them, and every client would refuse the certificate.',
    remedy: 'make a CA for that name with `kfdoor ca init`, and let the clients trust that one',
  },
  ERR_CA_UNUSABLE: {
    number: 'KFD1403',
    sentence: (f) => `the CA \`${f.where}\` cannot be used: ${f.reason}`,
    meaning:
      'A certificate authority of your own lies in a folder: its certificate and its key. One of them is missing, cannot be read, has expired, or does not belong to the other.',
    remedy: 'make a new one with `kfdoor ca init` in another folder, or restore both files from one backup',
  },
  ERR_CSR_UNUSABLE: {
    number: 'KFD1404',
    sentence: (f) => `the signing request cannot be signed: ${f.reason}`,
    meaning:
      'A signing request carries a public key and proves, by its own signature, that whoever made it has the private one. This one cannot be read, proves nothing, or names no host.',
    remedy: 'make it anew with `kfdoor ca csr`, or with `openssl req -new` and a subjectAltName',
  },
  ERR_KEY_UNFIT: {
    number: 'KFD1405',
    sentence: (f) =>
      `the key of ${f.where} is too weak or of a kind that cannot serve TLS; use ECDSA P-256 or RSA of 2048 bits or more`,
    meaning: 'Browsers and curl refuse short RSA keys, DSA, and rare curves, so such a key is not taken.',
    remedy: 'make one with `kfdoor ca csr`, or `openssl ecparam -name prime256v1 -genkey`',
  },
  ERR_PEM_UNREADABLE: {
    number: 'KFD1406',
    sentence: (f) => `cannot use \`${f.where}\`: ${f.reason}`,
    meaning:
      'A certificate, key or signing request was expected as PEM: a block between `-----BEGIN …-----` and `-----END …-----`.',
    remedy:
      'check that the file is the one you mean; DER becomes PEM with `openssl x509 -inform der -in FILE`',
  },
  ERR_FILE_UNWRITABLE: {
    number: 'KFD1407',
    sentence: (f) => `cannot write \`${f.path}\`: ${f.reason}`,
    meaning: 'A file was to be written and could not be; nothing half-written was left in its place.',
    remedy: 'check that the folder is there, is yours, and has room',
  },
  ERR_WOULD_OVERWRITE: {
    number: 'KFD1408',
    sentence: (f) =>
      `\`${f.path}\` is there already and is not overwritten; ${f.next ?? 'remove it, choose another folder, or say `--force` where the command has it'}`,
    meaning:
      'A key or certificate of that name is there. Keys are never overwritten: what was signed with the old one would be lost.',
    remedy: 'choose another folder, or move the old file away first',
  },
  ERR_TRUST_STORE: {
    number: 'KFD1409',
    sentence: (f) => `\`${f.command}\` could not change the trust store: ${f.reason}`,
    meaning:
      'A trust store is changed by the system’s own programs (certutil, update-ca-certificates, security, keytool). One of them refused; steps before it were done, and can be undone by `kfdoor ca uninstall`.',
    remedy: 'see what would be done with `kfdoor ca install --dry-run`, and run the step that failed by hand',
  },
}
