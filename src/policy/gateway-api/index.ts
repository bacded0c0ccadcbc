export { convertGateways, gatewayClassController, type Listeners } from './gateway.ts'
export { convertRoutes } from './routes.ts'
