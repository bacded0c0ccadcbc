export type { Authorizers } from './authorizers.ts'
export { openAuthorizers } from './authorizers.ts'
export { startGateway } from './gateway.ts'
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
