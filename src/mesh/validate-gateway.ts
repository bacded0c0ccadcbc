import type { Gateway, Server, ServerTls } from './model.ts'
import type { Complain } from './validate.ts'
import { type Complaint, checkPort, checkWildcardDomain, isAddress, isLabel } from './validate-names.ts'

/** Istio's ValidateGateway (pkg/config/validation/validation.go). */
export function validateGateway(gateway: Gateway, complain: Complain): void {
  if (!isLabel(gateway.name))
    complain(`\`${gateway.name}\` is no name for a Gateway: it has to be a DNS label`, gateway.at)
  if (gateway.servers.length === 0) complain('a Gateway needs at least one server', gateway.at)
  const names = new Set<string>()
  for (const server of gateway.servers) {
    checkServer(server, complain)
    if (names.has(server.port.name))
      complain(`two servers have a port named \`${server.port.name}\``, server.at)
    names.add(server.port.name)
  }
}

const http: ReadonlySet<string> = new Set(['http', 'http2', 'http_proxy', 'grpc', 'grpc-web'])
const tls: ReadonlySet<string> = new Set(['https', 'tls'])
const plain: ReadonlySet<string> = new Set(['tcp', 'udp', 'mongo', 'redis', 'mysql', 'hbone', 'double-hbone'])

function checkServer(server: Server, complain: Complain): void {
  const { port, bind = '', at } = server
  if (server.hosts.length === 0) complain('a server needs at least one host', at)
  for (const host of server.hosts) {
    const wrong = checkServerHost(host.value)
    if (wrong) complain(wrong, host.at)
  }
  const protocol = port.protocol.toLowerCase()
  const known = http.has(protocol) || tls.has(protocol) || plain.has(protocol)
  if (!known) complain(`\`${port.protocol}\` is no protocol Istio knows`, at)
  if (port.number > 0 || !bind.startsWith('unix://')) {
    const wrong = checkPort(port.number)
    if (wrong) complain(wrong, at)
  }
  if (port.targetPort) complain('`targetPort` means nothing on a Gateway', at)
  if (port.name === '') complain('a server’s port needs a name', at)
  if (bind.startsWith('unix://')) {
    if (port.number !== 0) complain('with a Unix socket the port number has to be 0', at)
  } else if (bind !== '' && !isAddress(bind)) complain(`\`bind\` is an IP address, not \`${bind}\``, at)
  if (server.tls) checkTls(server.tls, complain)
  if (known) checkProtocolTls(server, protocol, complain)
}

function checkProtocolTls(server: Server, protocol: string, complain: Complain): void {
  const { at } = server
  if (tls.has(protocol)) {
    if (!server.tls) complain(`a server of protocol ${server.port.protocol} needs \`tls\``, at)
    return
  }
  if (!server.tls) return
  const { serverCertificate, privateKey, caCertificates } = server.tls
  const passes = modeOf(server.tls).endsWith('PASSTHROUGH')
  // Plain HTTP may have `tls: {httpsRedirect: true}` and nothing more.
  if (!http.has(protocol))
    complain(`\`tls\` does not go with protocol ${server.port.protocol}`, server.tls.at)
  else if (!passes || serverCertificate?.value || privateKey?.value || caCertificates?.value) {
    complain('a plain HTTP server’s `tls` can only redirect to HTTPS', server.tls.at)
  }
}

function modeOf(options: ServerTls): string {
  return options.mode?.value ?? 'PASSTHROUGH'
}

function checkTls(options: ServerTls, complain: Complain): void {
  const mode = modeOf(options)
  const { at } = options
  const written = (name: 'serverCertificate' | 'privateKey' | 'caCertificates' | 'credentialName') =>
    (options[name]?.value ?? '') !== ''
  const named = written('credentialName') || options.credentialNames.length > 0
  if (mode === 'ISTIO_MUTUAL') {
    const files = written('serverCertificate') || written('privateKey') || written('caCertificates')
    if (named || files || options.tlsCertificates) complain('ISTIO_MUTUAL brings its own certificates', at)
    return
  }
  const sources = [
    written('serverCertificate') && written('privateKey'),
    written('credentialName'),
    options.credentialNames.length > 0,
    options.tlsCertificates,
  ].filter(Boolean).length
  if (sources > 1) complain('the certificate is named in more than one way', at)
  if (named || !['SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'].includes(mode)) return
  if (!options.tlsCertificates) {
    if (!written('serverCertificate'))
      complain(`${mode} needs a \`credentialName\`, or a \`serverCertificate\``, at)
    if (!written('privateKey')) complain(`${mode} needs a \`credentialName\`, or a \`privateKey\``, at)
  }
  if (mode !== 'SIMPLE' && !written('caCertificates')) {
    complain(`${mode} needs a \`credentialName\`, or \`caCertificates\` for its clients`, at)
  }
}

/** `host`, `ns/host`, `./host`, `*` for any namespace; the host is `*`, `*.suffix`, a dotted name or an address. */
function checkServerHost(host: string): Complaint {
  const slash = host.indexOf('/')
  const namespace = slash === -1 ? '*' : host.slice(0, slash)
  const name = host.slice(slash + 1)
  if (namespace === '' || name === '') return `\`${host}\` has an empty namespace or name`
  if (namespace !== '*' && namespace !== '.' && !isLabel(namespace))
    return `\`${host}\`: \`${namespace}\` is no namespace`
  if (name !== '*' && !name.includes('.')) return `\`${host}\` is a short name; a Gateway needs the full one`
  const wrong = checkWildcardDomain(name)
  if (wrong && !isAddress(name)) return wrong
  if (name.includes('*') && name !== '*' && !name.startsWith('*.'))
    return `\`${host}\` has a \`*\` that is not a whole label`
  return undefined
}
