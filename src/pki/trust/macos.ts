import type { Root, Store } from './steps.ts'

const KEYCHAIN = '/Library/Keychains/System.keychain'

/** The system's keychain: Safari, Chrome, curl of the system, Go. Asks for the administrator by itself. */
export const macosStore = (root: Root, file: string): Store => ({
  kind: 'system',
  what: KEYCHAIN,
  who: 'Safari, Chrome, the system’s curl, Go',
  install: [
    {
      do: 'run',
      command: ['security', 'add-trusted-cert', '-d', '-r', 'trustRoot', '-p', 'ssl', '-k', KEYCHAIN, file],
      asRoot: true,
    },
  ],
  uninstall: [
    { do: 'run', command: ['security', 'remove-trusted-cert', '-d', file], asRoot: true, mayFail: true },
    { do: 'run', command: ['security', 'delete-certificate', '-Z', root.sha1, KEYCHAIN], asRoot: true },
  ],
})
