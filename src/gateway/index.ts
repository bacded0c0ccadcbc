export type { Authorizers } from './authorizers.ts'
export { openAuthorizers } from './authorizers.ts'
export { clientHeaderFilter, foldName } from './client-headers.ts'
export { startGateway } from './gateway.ts'
export { laxReading } from './lax-reading.ts'
export type {
  Arrival,
  BoundListener,
  Decide,
  DoorPort,
  GatewayOptions,
  Limits,
  ListenerSpec,
  LogEntry,
  Plan,
  RunningGateway,
  TlsServer,
  Upstream,
  UpstreamTarget,
  WebHandler,
} from './options.ts'
export { refusedLine } from './strict.ts'
