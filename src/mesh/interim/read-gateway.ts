import { fieldsOf } from './fields.ts'
import type { Gateway, Meta, Server, ServerTls } from '../model.ts'
import type { Value } from './node.ts'

export function readGateway(meta: Meta, value: Value): Gateway {
  const spec = fieldsOf(value)
  const selector = spec.get('selector')
  const gateway: Gateway = {
    ...meta,
    kind: 'Gateway',
    selector: selector?.record(),
    servers: spec.get('servers')?.items()?.map(readServer) ?? [],
  }
  if (gateway.servers.length === 0) value.problem('missing-servers', 'has no servers')
  spec.done()
  return gateway
}

function readServer(value: Value): Server {
  const fields = fieldsOf(value).ignore('defaultEndpoint')
  const port = fields.get('port')
  const portFields = port && fieldsOf(port)
  const tls = fields.get('tls')
  const server: Server = {
    at: value.at,
    name: fields.get('name')?.string(),
    bind: fields.get('bind')?.string(),
    port: {
      number: portFields?.get('number')?.number() ?? 0,
      name: portFields?.get('name')?.string() ?? '',
      protocol: portFields?.get('protocol')?.string() ?? '',
      targetPort: portFields?.get('targetPort')?.number(),
    },
    hosts: fields.get('hosts')?.texts() ?? [],
    tls: tls && readServerTls(tls),
  }
  if (server.hosts.length === 0) value.problem('missing-hosts', `\`${value.path}\` has no hosts`)
  portFields?.done()
  fields.done()
  return server
}

const tlsModes = ['PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL']

export function readServerTls(value: Value): ServerTls {
  const fields = fieldsOf(value).ignore(
    'verifyCertificateSpki', 'verifyCertificateHash', 'cipherSuites', 'caCrl', 'crl', 'tlsCertificates', 'ecdhCurves',
  ) // biome-ignore format: a list
  const mode = fields.get('mode')
  const written = mode?.numberOrString()
  const name = typeof written === 'number' ? tlsModes[written] : written
  if (mode && (name === undefined || !tlsModes.includes(name))) {
    mode.problem('unknown-mode', `TLS mode \`${written}\` is not one of ${tlsModes.join(', ')}`)
  }
  const tls: ServerTls = {
    at: value.at,
    httpsRedirect: fields.get('httpsRedirect')?.boolean() ?? false,
    mode: mode && name !== undefined ? { value: name, at: mode.at } : undefined,
    credentialName: fields.get('credentialName')?.text(),
    credentialNames: fields.get('credentialNames')?.texts() ?? [],
    serverCertificate: fields.get('serverCertificate')?.text(),
    privateKey: fields.get('privateKey')?.text(),
    caCertificates: fields.get('caCertificates')?.text(),
    caCertCredentialName: fields.get('caCertCredentialName')?.text(),
    subjectAltNames: fields.get('subjectAltNames')?.strings() ?? [],
    minProtocolVersion: fields.get('minProtocolVersion')?.string(),
    maxProtocolVersion: fields.get('maxProtocolVersion')?.string(),
  }
  fields.done()
  return tls
}
