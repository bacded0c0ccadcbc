import type { FaultRows } from './fault-row.ts'

/** What a cluster does not give, and what is not changed in it (`KFD1830`, `KFD1831`, `KFD1901`, `KFD193x`). */
export interface ClusterFacts {
  readonly ERR_KUBECONFIG: { readonly path: string; readonly reason: string }
  readonly ERR_TOKEN_REQUEST: { readonly account: string; readonly reason: string }
  readonly ERR_CLUSTER_REFUSED: { readonly server: string; readonly reason: string }
  readonly ERR_OBJECT_CHANGED: { readonly object: string; readonly reason: string }
  readonly ERR_MANAGED_ELSEWHERE: {
    readonly objects: readonly { readonly object: string; readonly manager: string }[]
  }
  readonly ERR_INTENT_REFUSED: {
    readonly intent: string
    readonly reasons: readonly string[]
    readonly next?: string
  }
  readonly ERR_SUBJECT_UNKNOWN: {
    readonly what: string
    readonly asked: string
    readonly near: readonly string[]
  }
}

export const clusterFaults: FaultRows<ClusterFacts> = {
  ERR_KUBECONFIG: {
    number: 'KFD1830',
    sentence: (f) => `cannot use the kubeconfig \`${f.path}\`: ${f.reason}`,
    meaning:
      'A token of the current cluster was asked for, and the kubeconfig that says where it is cannot be used.',
    remedy: 'check `kubectl config view`, `--kubeconfig` and `--context`',
  },
  ERR_TOKEN_REQUEST: {
    number: 'KFD1831',
    sentence: (f) => `the cluster gives no token for \`${f.account}\`: ${f.reason}`,
    meaning:
      "Kubernetes gives a service account's token to whoever may `create` on `serviceaccounts/token` in its namespace.",
    remedy: 'check `kubectl auth can-i create serviceaccounts/token -n NS`, and the names',
  },
  ERR_CLUSTER_REFUSED: {
    number: 'KFD1901',
    sentence: (f) => `the API server ${f.server} does not show its door: ${f.reason}`,
    meaning: 'The API server answers, and its RBAC lets you read nothing a door is made of.',
    remedy:
      'have somebody bind the role that `kfdoor snapshot --role` prints, or ask for a snapshot as a file',
  },
  ERR_OBJECT_CHANGED: {
    number: 'KFD1930',
    sentence: (f) => `the plan does not fit any more: ${f.object}: ${f.reason}; plan again`,
    meaning:
      'A plan holds every object as it was when the plan was made. One of them is different now, is gone, or was made by somebody else meanwhile, so what the plan promised is not known to hold.',
    remedy: 'run the command that made the plan again, look at the new one, and apply that',
  },
  ERR_MANAGED_ELSEWHERE: {
    number: 'KFD1931',
    sentence: (f) =>
      `what is kept elsewhere is not changed here: ${f.objects.map(({ object, manager }) => `${object} is kept by ${manager}`).join('; ')}, which would undo a change made here; nothing was written; make the change where it is kept, with \`-o yaml\` or \`-o kustomize DIR\``,
    meaning:
      'An object says that Argo CD, Flux, Helm or an operator keeps it. A change made beside them is undone at their next look, at a moment nobody chose, so nothing is written.',
    remedy:
      'make the change in the repository it comes from: `-o yaml` prints the objects, `-o kustomize DIR` writes a component',
  },
  ERR_INTENT_REFUSED: {
    number: 'KFD1932',
    sentence: (f) =>
      [
        `${f.intent} is refused:`,
        ...f.reasons.map((reason) => `  ${reason}`),
        ...(f.next ? [f.next] : []),
      ].join('\n'),
    meaning:
      'A change was looked at over all requests before anything was written, and it would let through more than was asked for, or not what was asked for. Each line says what.',
    remedy: 'follow what the lines say; `kfdoor explain` with the request of a line shows what decides it',
  },
  ERR_SUBJECT_UNKNOWN: {
    number: 'KFD1933',
    sentence: (f) =>
      `there is no ${f.what} \`${f.asked}\` in this door${f.near.length > 0 ? `; near it: ${f.near.map((name) => `\`${name}\``).join(', ')}` : ''}`,
    meaning: 'What the command is about is not among the objects of the door it was given.',
    remedy: 'check the name and the namespace; `kfdoor map` lists every route of a door',
  },
}
