import type { FaultRows } from './fault-row.ts'

/** What stops a command, or a door that runs here: its input, its folder, its ports (`KFD01xx`, `KFD15xx`). */
export interface RunningFacts {
  readonly ERR_USAGE: { readonly message: string; readonly next?: string }
  readonly ERR_INPUT_UNREADABLE: { readonly path: string; readonly reason: string }
  readonly ERR_FOLDER_NEEDS_RENDERING: { readonly folder: string; readonly command: string }
  readonly ERR_MESH_INVALID: { readonly problems: readonly string[] }
  readonly ERR_NO_GATEWAY: { readonly where: string }
  readonly ERR_PORT_BUSY: { readonly address: string; readonly port: number; readonly flag: string }
  readonly ERR_STATE_UNUSABLE: { readonly folder: string; readonly reason: string }
  readonly ERR_NO_DOOR: { readonly url: string | undefined }
  readonly ERR_PUBLISHED_CREDENTIALS: { readonly address: string; readonly what: readonly string[] }
  readonly ERR_CANNOT_LISTEN: { readonly address: string; readonly port: number; readonly reason: string }
  readonly ERR_TLS_SERVER_UNUSABLE: { readonly hosts: readonly string[]; readonly reason: string }
}

export const runningFaults: FaultRows<RunningFacts> = {
  ERR_USAGE: {
    number: 'KFD0100',
    sentence: (f) => (f.next ? `${f.message}; ${f.next}` : f.message),
    meaning: 'The command was typed in a way kfdoor does not understand.',
    remedy: 'see `kfdoor COMMAND --help`, which ends in examples',
  },
  ERR_INPUT_UNREADABLE: {
    number: 'KFD0101',
    sentence: (f) => `cannot read \`${f.path}\`: ${f.reason}`,
    meaning: 'A file or folder named on the command line is not there, or may not be read.',
    remedy: 'check the path and its permissions',
  },
  ERR_FOLDER_NEEDS_RENDERING: {
    number: 'KFD0102',
    sentence: (f) => `\`${f.folder}\` has to be rendered first; run \`${f.command}\` and read its output`,
    meaning:
      'The folder holds a kustomization or a Helm chart, not plain YAML. What the cluster gets is only known after it was rendered, so reading the pieces would describe a door that does not exist.',
    remedy: 'render it and hand over the result, for example `kubectl kustomize DIR | kfdoor up -f -`',
  },
  ERR_MESH_INVALID: {
    number: 'KFD0103',
    sentence: (f) => f.problems.join('\n'),
    meaning: 'The YAML has errors that leave the door undefined. Every one is named with file and line.',
    remedy: 'mend the lines named; while a door runs, it keeps the last good configuration until you do',
  },
  ERR_NO_GATEWAY: {
    number: 'KFD0104',
    sentence: (f) =>
      `${f.where} has no Gateway whose selector fits a gateway workload, so there is nothing to listen for`,
    meaning:
      'A door begins at a Gateway whose selector matches the labels of a gateway workload. The YAML holds none.',
    remedy: 'add the Gateway and, if its selector is unusual, the Deployment that carries those labels',
  },
  ERR_PORT_BUSY: {
    number: 'KFD0110',
    sentence: (f) =>
      `port ${f.port} on ${f.address} is in use; choose another with \`${f.flag}${f.flag.endsWith(':') ? '' : ' '}PORT\`, with 0 for a free one`,
    meaning: 'Another program listens on that port.',
    remedy: 'stop it, or choose another port; 0 takes a free one and prints it',
  },
  ERR_STATE_UNUSABLE: {
    number: 'KFD0111',
    sentence: (f) =>
      `the state folder \`${f.folder}\` cannot be used: ${f.reason}; choose another with \`--state DIR\``,
    meaning:
      'Keys, sessions and recorded runs are kept in the state folder, and it cannot be read, written or trusted.',
    remedy: 'choose a folder of your own with `--state DIR`, or keep nothing with `--state :memory:`',
  },
  ERR_NO_DOOR: {
    number: 'KFD0112',
    sentence: (f) => `no door runs here${f.url ? ` at \`${f.url}\`` : ''}; start one with \`kfdoor up\``,
    meaning: 'The command speaks to a door that `kfdoor up` runs on this machine, and found none.',
    remedy: 'start one with `kfdoor up`; with several, name yours with `--url URL`',
  },
  ERR_PUBLISHED_CREDENTIALS: {
    number: 'KFD0113',
    sentence: (f) =>
      `will not listen on ${f.address}: ${f.what.join(' and ')} ${f.what.length > 1 ? 'are' : 'is'} published with Kubeflow; bring your own with \`--users FILE\` or \`--dex-config FILE\`, or stay on 127.0.0.1`,
    meaning:
      "Kubeflow's manifests publish a user, a password and client secrets for everybody to read. A door that uses them is open to whoever reaches it, so it stays on loopback.",
    remedy: 'give it users and secrets of its own, or listen on 127.0.0.1',
  },
  ERR_CANNOT_LISTEN: {
    number: 'KFD1504',
    sentence: (f) => `cannot listen on ${f.address} port ${f.port}: ${f.reason}`,
    meaning:
      'The address or the port cannot be listened on: it is not one of this machine, or needs rights this user lacks (ports below 1024 on some systems).',
    remedy: 'choose another with `--address`, `--port` and `--http-port`',
  },
  ERR_TLS_SERVER_UNUSABLE: {
    number: 'KFD1505',
    sentence: (f) => `the TLS server for ${f.hosts.join(', ')} cannot be used: ${f.reason}`,
    meaning:
      'A server of a Gateway speaks TLS with the Secret its `credentialName` names, and that pair of certificate and key cannot be used: unreadable, expired, or not belonging together.',
    remedy: 'mend the Secret, or leave it out of the YAML: then a certificate of the own CA stands in',
  },
}
