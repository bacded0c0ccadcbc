import type { FaultCode } from './fault.ts'

/** What `kfdoor explain-code` tells beyond the sentence: why it happens, and what helps. */
export interface Meaning {
  readonly meaning: string
  readonly remedy: string
}

export const meanings: { readonly [C in FaultCode]?: Meaning } = {
  ERR_FOLDER_NEEDS_RENDERING: {
    meaning:
      'The folder holds a kustomization or a Helm chart, not plain YAML. What the cluster gets is only known after it was rendered, so reading the pieces would describe a door that does not exist.',
    remedy: 'render it and hand over the result, for example `kubectl kustomize DIR | kfdoor up -f -`',
  },
  ERR_INPUT_UNREADABLE: {
    meaning: 'A file or folder named on the command line is not there, or may not be read.',
    remedy: 'check the path and its permissions',
  },
  ERR_MESH_INVALID: {
    meaning: 'The YAML has errors that leave the door undefined. Every one is named with file and line.',
    remedy: 'mend the lines named; while a door runs, it keeps the last good configuration until you do',
  },
  ERR_NO_DOOR: {
    meaning: 'The command speaks to a door that `kfdoor up` runs on this machine, and found none.',
    remedy: 'start one with `kfdoor up`; with several, name yours with `--url URL`',
  },
  ERR_NO_GATEWAY: {
    meaning:
      'A door begins at a Gateway whose selector matches the labels of a gateway workload. The YAML holds none.',
    remedy: 'add the Gateway and, if its selector is unusual, the Deployment that carries those labels',
  },
  ERR_PIPELINES_STORE: {
    meaning:
      'The Pipelines API keeps experiments, pipelines and runs in a SQLite file in the state folder, and that file cannot be opened, is no such database, or was made by a newer kfdoor.',
    remedy: 'move the file away (it is not touched), or choose another folder with `--state DIR`',
  },
  ERR_PORT_BUSY: {
    meaning: 'Another program listens on that port.',
    remedy: 'stop it, or choose another port; 0 takes a free one and prints it',
  },
  ERR_PUBLISHED_CREDENTIALS: {
    meaning:
      "Kubeflow's manifests publish a user, a password and client secrets for everybody to read. A door that uses them is open to whoever reaches it, so it stays on loopback.",
    remedy: 'give it users and secrets of its own, or listen on 127.0.0.1',
  },
  ERR_STATE_UNUSABLE: {
    meaning:
      'Keys, sessions and recorded runs are kept in the state folder, and it cannot be read, written or trusted.',
    remedy: 'choose a folder of your own with `--state DIR`, or keep nothing with `--state :memory:`',
  },
  ERR_USAGE: {
    meaning: 'The command was typed in a way kfdoor does not understand.',
    remedy: 'see `kfdoor COMMAND --help`, which ends in examples',
  },
}
