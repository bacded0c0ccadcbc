import { type FaultRows, indented } from './fault-row.ts'

/** Where carrying out a plan, or undoing it, comes to a stop (`KFD1911`–`KFD1925`). */
export interface PlanFacts {
  readonly ERR_PLAN_UNKNOWN: { readonly name: string; readonly known: readonly string[] }
  readonly ERR_PLAN_STALE: Begun & { readonly objects: readonly string[] }
  readonly ERR_PLAN_RIGHTS: Begun & { readonly missing: readonly string[] }
  readonly ERR_PLAN_CONFLICT: Begun & { readonly conflicts: readonly string[] }
  readonly ERR_PLAN_STATE: { readonly plan: string; readonly state: string; readonly next: string }
  readonly ERR_PLAN_BUSY: { readonly plan: string; readonly holder: string }
  readonly ERR_PLAN_STOPPED: {
    readonly plan: string
    readonly object: string
    readonly reason: string
    readonly during: 'apply' | 'rollback'
  }
  readonly ERR_PLAN_CUT: {
    readonly plan: string
    readonly object: string
    readonly reason: string
    readonly during: 'apply' | 'rollback'
  }
  readonly ERR_PLAN_EDITED: {
    readonly plan: string
    readonly objects: readonly string[]
    readonly during: 'apply' | 'rollback'
  }
  readonly ERR_PLAN_GAIN: {
    readonly plan: string
    readonly gains: readonly string[]
    readonly undone: boolean
  }
  readonly ERR_PLAN_REJECTED: Begun & { readonly objects: readonly string[] }
  readonly ERR_PLAN_ELSEWHERE: { readonly plan: string; readonly made: string; readonly here: string }
  readonly ERR_JOURNAL_UNUSABLE: {
    readonly path: string
    readonly reason: string
    /** undefined = nothing was written */
    readonly next?: string
  }
  readonly ERR_PLAN_NOT_PERMITTED: { readonly plan: string; readonly reasons: readonly string[] }
  readonly ERR_PLAN_UNMET: { readonly plan: string; readonly answers: readonly string[] }
}

interface Begun {
  readonly plan: string
  /** Some of the plan is applied. */
  readonly begun: boolean
}

const nothing = ({ begun }: Begun) => (begun ? 'nothing more' : 'nothing')
const orUndo = ({ plan }: Begun) => `undo what is applied with \`kfdoor rollback ${plan}\``
const goOn = ({ plan }: Begun) => `\`kfdoor apply ${plan} --continue\``

export const planFaults: FaultRows<PlanFacts> = {
  ERR_PLAN_UNKNOWN: {
    number: 'KFD1911',
    sentence: (f) =>
      `no plan is called \`${f.name}\`, and there is no such file${
        f.known.length > 0
          ? `; there are ${f.known
              .slice(0, 8)
              .map((one) => `\`${one}\``)
              .join(', ')}`
          : ''
      }; see \`kfdoor plan list\``,
    meaning: 'A plan is named by its file, or by its name once it was applied from here.',
    remedy: 'see `kfdoor plan list`',
  },
  ERR_PLAN_STALE: {
    number: 'KFD1912',
    sentence: (f) =>
      `the door is not what plan \`${f.plan}\` was made from, and ${nothing(f)} was written:${indented(f.objects)}\n${f.begun ? `${orUndo(f)}, and plan again` : 'plan again with the command that made it'}`,
    meaning:
      "A plan's access diff is about the objects it was made from. One of them was changed, deleted or created since, so the prediction no longer holds.",
    remedy: 'run the command that made the plan again, and review the new access diff',
  },
  ERR_PLAN_RIGHTS: {
    number: 'KFD1913',
    sentence: (f) =>
      `you may not do what plan \`${f.plan}\` needs, and ${nothing(f)} was written; missing at the API server:${indented(f.missing)}\nhave them granted${f.begun ? ` and go on with ${goOn(f)}, or ${orUndo(f)}` : `, or give it to somebody who may: \`kfdoor plan show ${f.plan} -o yaml > ${f.plan}.yaml\``}`,
    meaning:
      'Before the first write the API server is asked whether each of them is allowed (SelfSubjectAccessReview). Some are not, so none was made.',
    remedy: 'have the verbs listed granted in a Role or ClusterRole, or let an administrator apply the plan',
  },
  ERR_PLAN_CONFLICT: {
    number: 'KFD1914',
    sentence: (f) =>
      `others keep what plan \`${f.plan}\` would change, and ${nothing(f)} was written:${indented(f.conflicts)}\nchange it where they keep it, or take it from them with \`kfdoor apply ${f.plan}${f.begun ? ' --continue' : ''} --force-conflicts\`${f.begun ? `, or ${orUndo(f)}` : ''}`,
    meaning:
      'Kubernetes records who set each field of an object (`managedFields`). The plan would change fields that a controller, a GitOps tool or an unknown program has set, which may put them back at any moment; so nothing is written.',
    remedy:
      'change them in the repository the tool reads (`-o yaml` prints the objects), or, if it is stopped or meant so, `--force-conflicts`',
  },
  ERR_PLAN_STATE: {
    number: 'KFD1915',
    sentence: (f) => `plan \`${f.plan}\` ${f.state}; ${f.next}`,
    meaning:
      'A plan goes from planned to applied to rolled back, and what was asked does not fit where it is.',
    remedy: 'see `kfdoor plan status NAME`',
  },
  ERR_PLAN_BUSY: {
    number: 'KFD1916',
    sentence: (f) =>
      `plan \`${f.plan}\` is being worked on by ${f.holder}; wait for it, then see \`kfdoor plan status ${f.plan}\``,
    meaning:
      'One plan is applied or rolled back by one process at a time. The lock belongs to the process and is gone when it ends, however it ends.',
    remedy: 'wait for the other one, or end it, then see `kfdoor plan status NAME`',
  },
  ERR_PLAN_STOPPED: {
    number: 'KFD1917',
    sentence: (f) =>
      `the API server refuses ${f.object}: ${f.reason}; what was done before stays: see \`kfdoor plan status ${f.plan}\`, then ${f.during === 'apply' ? `\`kfdoor apply ${f.plan} --continue\` or ` : ''}\`kfdoor rollback ${f.plan}\``,
    meaning:
      "The API server took some of the plan's writes and refused one. Plans close before they open, so what is applied is not more open than either end.",
    remedy: 'mend the reason given and `kfdoor apply NAME --continue`, or `kfdoor rollback NAME`',
  },
  ERR_PLAN_CUT: {
    number: 'KFD1918',
    sentence: (f) =>
      `it is not known whether ${f.object} was written: ${f.reason}; see \`kfdoor plan status ${f.plan}\`, then ${f.during === 'apply' ? `\`kfdoor apply ${f.plan} --continue\` or ` : ''}\`kfdoor rollback ${f.plan}\``,
    meaning:
      'The connection to the API server broke, or the server failed, while an object was being written. Whether it was written is found out by reading it again.',
    remedy:
      'when the server answers again: `kfdoor plan status NAME`, then `kfdoor apply NAME --continue` or `kfdoor rollback NAME`',
  },
  ERR_PLAN_EDITED: {
    number: 'KFD1919',
    sentence: (f) =>
      `somebody changed what plan \`${f.plan}\` had written, and nothing more was done:${indented(f.objects)}\n${f.during === 'apply' ? `undo the plan with \`kfdoor rollback ${f.plan}\`, and plan again` : `undo it by hand, or give up those changes with \`kfdoor rollback ${f.plan} --force\``}`,
    meaning:
      'Since the plan wrote an object, somebody else changed, deleted or made it anew. Going on would build on what is no longer there; undoing would undo their change too.',
    remedy:
      'look at the differences shown; undo by hand, or let `kfdoor rollback NAME --force` put the former state over them',
  },
  ERR_PLAN_GAIN: {
    number: 'KFD1920',
    sentence: (f) =>
      `the live door lets through what plan \`${f.plan}\` did not predict:${indented(f.gains)}\n${f.undone ? 'the plan was rolled back' : `undo it with \`kfdoor rollback ${f.plan}\``}`,
    meaning:
      "After the plan was applied, requests were sent to the live door, and one got through that the plan's access diff did not name.",
    remedy:
      'roll back, then compare with `kfdoor explain` what the door is configured to do with that request',
  },
  ERR_PLAN_REJECTED: {
    number: 'KFD1921',
    sentence: (f) =>
      `the API server would not take plan \`${f.plan}\`, and ${nothing(f)} was written:${indented(f.objects)}\n${f.begun ? `mend that and go on with ${goOn(f)}, or ${orUndo(f)}` : `plan again, or see \`kfdoor plan show ${f.plan}\``}`,
    meaning:
      'Before the first write every object is sent as a dry run, which goes through validation and admission and is not kept. One of them was not accepted.',
    remedy: 'make the plan anew against this cluster; where a kind is missing, install what serves it',
  },
  ERR_PLAN_ELSEWHERE: {
    number: 'KFD1922',
    sentence: (f) =>
      `plan \`${f.plan}\` was made for ${f.made}, and this is ${f.here}; choose the cluster with \`--context\`, or plan again`,
    meaning:
      'A plan says which API server it was made from. Its objects and its access diff mean nothing at another one.',
    remedy: 'name the context it was made for, or make the plan anew here',
  },
  ERR_JOURNAL_UNUSABLE: {
    number: 'KFD1923',
    sentence: (f) =>
      `cannot keep the journal \`${f.path}\`: ${f.reason}; ${f.next ?? 'nothing is written to a cluster without one'}`,
    meaning:
      "Before each write to a cluster, what is about to be done and what stood there before are written to a journal of one's own (`$XDG_STATE_HOME/kfdoor/plans`), so that an interruption can be finished or undone. That folder or file cannot be used.",
    remedy: 'make the folder yours with room on its disk, or choose another with `XDG_STATE_HOME`',
  },
  ERR_PLAN_NOT_PERMITTED: {
    number: 'KFD1924',
    sentence: (f) =>
      `plan \`${f.plan}\` may not be applied here, and nothing was written:${indented(f.reasons)}\nhave it applied by somebody who may: \`kfdoor apply ${f.plan}\``,
    meaning:
      'Where plans are applied on behalf of others, each change is held against what they may do first. One of these changes is not theirs to make.',
    remedy: 'have the plan applied by somebody who may',
  },
  ERR_PLAN_UNMET: {
    number: 'KFD1925',
    sentence: (f) =>
      `plan \`${f.plan}\` is applied, and the live door answers otherwise than it predicts:${indented(f.answers)}\nlook with \`kfdoor verify\`, or undo it with \`kfdoor rollback ${f.plan}\``,
    meaning:
      'After the plan was applied its witnesses were asked at the live door, and some answers are not what it predicts; none of them lets through what should stay closed. The door may not have the change yet, or something else stands in the way.',
    remedy:
      'ask again with `kfdoor verify URL`; `kfdoor explain` with the request of a line shows what should decide it',
  },
}
