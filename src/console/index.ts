export { consoleBeside } from './beside-up.ts'
export type { ConsoleOptions, LiveDoor, LiveSession, Source } from './options.ts'
export { type RunningConsole, startConsole } from './server.ts'
