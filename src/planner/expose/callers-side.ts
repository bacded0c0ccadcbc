/** What whoever calls needs: the URL, a token that is meant for it, and YAML to paste. */
import type { Intended } from '../plan.ts'
import { insideUrl, type Planned } from './inside.ts'
import { doorPath, type Exposure } from './objects.ts'
import { shellWord, yamlWord } from './paste.ts'
import type { Endpoint } from './target.ts'

export function callersSide(exposure: Exposure, planned: Planned): Intended['callers'] {
  const { ask, target, entry } = exposure
  const origin = `${entry.scheme}://${entry.host}`
  const call = callOf(target.endpoints)
  const url = call === undefined ? origin : `${origin}${doorPath(exposure, call)}`
  const sends = call?.methods?.includes('POST')
    ? " -X POST -H 'Content-Type: application/json' -d @input.json"
    : ''
  const accounts = ask.to.flatMap((each) => (each.kind === 'sa' ? [each] : []))
  const sections: { title: string; text: string }[] = []
  if (ask.public) sections.push({ title: 'for the caller: anyone', text: `curl ${url}${sends}` })
  for (const account of ask.public ? [] : accounts) {
    const { namespace, name } = account
    const inside = call && insideUrl(planned, exposure, call, account)
    sections.push({
      title: `for the caller: sa:${namespace}/${name}`,
      text: [
        'from outside:',
        `  TOKEN=$(kubectl create token ${name} -n ${namespace} --audience=${shellWord(ask.audience)} --duration=1h)`,
        `  curl ${url} -H "Authorization: Bearer $TOKEN"${sends}`,
        inside === undefined
          ? 'from a pod, with a token that renews itself, by the address from outside (the door answers to no name of the cluster):'
          : 'from a pod, with a token that renews itself:',
        ...deployment(name, ask.audience, inside ?? url).map((line) => `  ${line}`),
      ].join('\n'),
    })
  }
  const people = ask.to.filter(({ kind }) => kind !== 'sa')
  if (!ask.public && people.length > 0) {
    sections.push({
      title: 'for the caller: people',
      text: [`kfdoor login ${origin}`, `kfdoor curl ${url}${sends}`].join('\n'),
    })
  }
  return sections
}

const callOf = (endpoints: readonly Endpoint[]) =>
  endpoints.find(({ methods }) => methods?.includes('POST')) ?? endpoints[0]

/** Of a Deployment's pod template: the kubelet writes the token and renews it. */
function deployment(account: string, audience: string, url: string): readonly string[] {
  return [
    'spec:',
    '  template:',
    '    spec:',
    `      serviceAccountName: ${yamlWord(account)}`,
    '      containers:',
    '      - name: app',
    '        env:',
    `        - {name: MODEL_URL, value: ${yamlWord(url)}}`,
    '        - {name: MODEL_TOKEN_FILE, value: /var/run/secrets/kfdoor/token}',
    '        volumeMounts:',
    '        - {name: kfdoor-token, mountPath: /var/run/secrets/kfdoor, readOnly: true}',
    '      volumes:',
    '      - name: kfdoor-token',
    '        projected:',
    '          sources:',
    `          - serviceAccountToken: {path: token, audience: ${yamlWord(audience)}, expirationSeconds: 3600}`,
  ]
}
