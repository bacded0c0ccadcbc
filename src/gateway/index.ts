export { startGateway } from './gateway.ts'
export type {
  BoundListener,
  Decide,
  DoorPort,
  GatewayOptions,
  Limits,
  ListenerSpec,
  LogEntry,
  RunningGateway,
  TlsServer,
  Upstream,
  WebHandler,
} from './options.ts'
