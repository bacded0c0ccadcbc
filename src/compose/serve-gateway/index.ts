export type { GatewayReadyLine, ServeGatewayOptions } from './options.ts'
export { runServeGateway } from './run.ts'
export type { RunningDataPlane, ServeGatewayPorts } from './serve-gateway.ts'
export { serveGateway } from './serve-gateway.ts'
