import type { Root, Store } from './steps.ts'

/** The user's own root store: no administrator is needed, Windows asks in a window of its own. */
export const windowsStore = (root: Root, file: string): Store => ({
  kind: 'system',
  what: 'the user’s root store',
  who: 'Edge, Chrome, the system’s curl, Go, .NET',
  install: [{ do: 'run', command: ['certutil', '-user', '-addstore', 'Root', file], asRoot: false }],
  uninstall: [{ do: 'run', command: ['certutil', '-user', '-delstore', 'Root', root.sha1], asRoot: false }],
})
