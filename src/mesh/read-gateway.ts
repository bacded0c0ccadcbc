import type { Fields } from './fields.ts'
import type { Gateway, Meta, Server, ServerTls } from './model.ts'

const tlsModes = ['PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL']
const tlsVersions = ['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3']

/** networking.istio.io Gateway (istio/api networking/v1alpha3/gateway.proto). */
export function readGateway(meta: Meta, spec: Fields): Gateway {
  return {
    ...meta,
    kind: 'Gateway',
    selector: spec.record('selector'),
    servers: spec.list('servers')?.map(readServer) ?? [],
  }
}

function readServer(server: Fields): Server {
  const hosts = server.texts('hosts')
  const tls = server.fields('tls')
  server.known('defaultEndpoint')
  const read: Server = {
    at: server.at,
    name: server.string('name'),
    bind: server.string('bind'),
    port: readPort(server),
    hosts: hosts ?? [],
    tls: tls && readServerTls(tls),
  }
  server.done()
  return read
}

/** `port` of a Gateway's server or a Sidecar's listener. */
export function readPort(owner: Fields): Server['port'] {
  const port = owner.fields('port')
  const number = port?.int('number')
  if (number === undefined) owner.error('missing-port', `\`${owner.path}\` has no port number`)
  const read = {
    number: number ?? 0,
    name: port?.string('name') ?? '',
    protocol: port?.string('protocol') ?? '',
    targetPort: port?.int('targetPort'),
  }
  port?.done()
  return read
}

export function readServerTls(tls: Fields): ServerTls {
  tls.known(
    'verifyCertificateSpki',
    'verifyCertificateHash',
    'cipherSuites',
    'caCrl',
    'ecdhCurves',
    'insecureSkipVerify',
  )
  const read: ServerTls = {
    at: tls.at,
    httpsRedirect: tls.bool('httpsRedirect') ?? false,
    mode: tls.enumeration('mode', tlsModes),
    credentialName: tls.text('credentialName'),
    credentialNames: tls.texts('credentialNames') ?? [],
    serverCertificate: tls.text('serverCertificate'),
    privateKey: tls.text('privateKey'),
    caCertificates: tls.text('caCertificates'),
    caCertCredentialName: tls.text('caCertCredentialName'),
    tlsCertificates: tls.has('tlsCertificates') ? true : undefined,
    subjectAltNames: tls.strings('subjectAltNames') ?? [],
    minProtocolVersion: tls.enumeration('minProtocolVersion', tlsVersions)?.value,
    maxProtocolVersion: tls.enumeration('maxProtocolVersion', tlsVersions)?.value,
  }
  tls.done()
  return read
}
