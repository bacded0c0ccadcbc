import type { Machine, Root, Store, Unusable } from './steps.ts'

/** Java's `cacerts`, by `keytool`, as mkcert does it; only where JAVA_HOME says which Java is meant. */
export function javaStore(machine: Machine, root: Root, file: string): Store | Unusable | undefined {
  if (machine.java === undefined) return undefined
  const keytool = [`${machine.java}/bin/keytool`, `${machine.java}/bin/keytool.exe`].find(machine.exists)
  const cacerts = [`${machine.java}/lib/security/cacerts`, `${machine.java}/jre/lib/security/cacerts`].find(
    machine.exists,
  )
  if (keytool === undefined || cacerts === undefined) {
    return { kind: 'java', what: machine.java, why: 'JAVA_HOME holds no keytool or no cacerts' }
  }
  // `changeit` is every cacerts' published password and protects nothing.
  const common = ['-keystore', cacerts, '-storepass', 'changeit']
  return {
    kind: 'java',
    what: cacerts,
    who: 'Java',
    install: [
      {
        do: 'run',
        command: [keytool, '-importcert', '-noprompt', '-alias', root.slug, '-file', file, ...common],
        asRoot: machine.platform !== 'win32',
      },
    ],
    ask: [keytool, '-list', '-alias', root.slug, ...common],
    uninstall: [
      {
        do: 'run',
        command: [keytool, '-delete', '-alias', root.slug, ...common],
        asRoot: machine.platform !== 'win32',
      },
    ],
  }
}
