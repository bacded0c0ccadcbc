/** The threads that lists of reported problems cite, spelled in full, whatever a list calls their repository. */
interface Cited {
  /** Where it stands: `door 4`, `client 12`, `wish 7`. */
  readonly row: string
  /** `owner/repository#number`. */
  readonly threads: readonly string[]
}

const repositories: Readonly<Record<string, string>> = {
  cd: 'kubeflow/manifests',
  kcd: 'kubeflow/manifests',
  kubeflow: 'kubeflow/kubeflow',
  pipelines: 'kubeflow/pipelines',
  notebooks: 'kubeflow/notebooks',
  kfctl: 'kubeflow/kfctl',
  kale: 'kubeflow/kale',
  kserve: 'kserve/kserve',
  istio: 'istio/istio',
  'net-istio': 'knative-extensions/net-istio',
  'plural-artifacts': 'pluralsh/plural-artifacts',
  'bundle-kubeflow': 'canonical/bundle-kubeflow',
  deploykf: 'deployKF/deployKF',
  'oidc-authservice': 'arrikto/oidc-authservice',
  'oauth2-proxy': 'oauth2-proxy/oauth2-proxy',
}

/** Rows of a section of Markdown: `1. …`, `| 1 | …`, or the lines of a table in order. */
export function citedIn(section: string, kind: string, cell: (line: string) => string): readonly Cited[] {
  const lines = section.split('\n').filter((line) => /^(\d+\. |\| )/.test(line) && /#\d/.test(line))
  return lines.map((line, index) => {
    const number = /^(?:\| )?(\d+)(?:\.| \|) /.exec(line)?.[1] ?? index + 1
    return { row: `${kind} ${number}`, threads: threadsIn(cell(line)) }
  })
}

/** `kubeflow/pipelines#7133, #7777`, `cd PR#3079`, `kserve#668/#96`: a bare number is of the repository named before it. */
function threadsIn(line: string): readonly string[] {
  const found: string[] = []
  let last = '?'
  const thread = /((?:[\w.-]+\/)?[A-Za-z][\w.-]*)?[` ]*(?:PR )?[` ]*(?:PR)?((?:\/?#\d+)+)/g
  for (const [, name = 'PR', numbers = ''] of line.matchAll(thread)) {
    if (!/^(PR|per)$/.test(name))
      last = name.includes('/') ? name : (repositories[name.toLowerCase()] ?? `?${name}`)
    for (const [, number] of numbers.matchAll(/#(\d+)/g)) found.push(`${last}#${number}`)
  }
  return [...new Set(found)]
}
