export { createEcho } from './echo.ts'
export type { Landing, LandingOptions, Routed, SignOut } from './landing.ts'
export { createLanding } from './landing.ts'
