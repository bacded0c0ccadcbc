import type { ReadyLine } from './up-options.ts'

/** What a person is told once the door is open. */
export interface Started {
  readonly ready: ReadyLine
  /** `Kubeflow 26.03`, or the folder. */
  readonly what: string
  /** `Dex 2.45.0`, `oauth2-proxy`, `Istio 1.28.0`. */
  readonly parts: readonly string[]
  readonly people: readonly string[]
  readonly usesPublishedPassword: boolean
  readonly models: readonly { readonly name: string; readonly namespace: string; readonly url?: string }[]
  readonly notes: readonly string[]
}

/** @param kfdoor how the person calls this program: `kfdoor`, or `npx kfdoor` in a checkout */
export function renderStart(
  { ready, what, parts, people, usesPublishedPassword, models, notes }: Started,
  kfdoor: string,
): string {
  const ca = ready.caFile ? `--cacert ${ready.caFile} ` : ''
  const account = models[0] ? `${models[0].namespace}/default-editor` : 'NAMESPACE/NAME'
  const password = usesPublishedPassword ? ' with 12341234, which the whole world knows' : ''
  const commands = [
    [`curl -i ${ca}${ready.url}/pipeline/apis/v2beta1/healthz`, 'shut: what the release answers'],
    [
      `curl ${ca}-H "Cookie: $(${kfdoor} token --user ${people[0] ?? 'EMAIL'} -o cookie)" ${ready.url}/pipeline/apis/v2beta1/healthz`,
      'open: a person',
    ],
    [
      `curl ${ca}-H "$(${kfdoor} token --service-account ${account} -o header)" ${ready.url}/pipeline/apis/v2beta1/healthz`,
      'a machine, where the door takes machines',
    ],
  ]
  return [
    `${what} is open at ${ready.url}`,
    '',
    `  runs        ${parts.join(', ')}`,
    `  plain HTTP  ${ready.httpUrl}${ready.url === ready.httpUrl ? '' : '  (as the Gateway says: a redirect, or the same)'}`,
    ...ready.listeners
      .filter(({ url }) => url !== ready.url && url !== ready.httpUrl)
      .map(({ gateway, url }) => `  ${gateway.split('/').at(-1)}  ${url}  (calls from inside the cluster)`),
    `  issuer      ${ready.issuer} at ${ready.url}/dex`,
    `  sign in as  ${people.length > 0 ? people.join(', ') : 'whom your connectors know'}${password}`,
    ...models.map(({ namespace, name, url }) => `  model       ${namespace}/${name}${url ? `  ${url}` : ''}`),
    `  past it     ${ready.direct.pipelines} (Pipelines), ${ready.direct.kserve} (KServe): what the door protects`,
    `  look at it  ${kfdoor} console -f ${/^[\w.]+$/.test(ready.profile) && ready.profile !== 'custom' ? `profile:${ready.profile}` : 'YOUR-YAML'}  (or start with --console)`,
    ...notes.map((note) => `  note        ${note}`),
    '',
    'Three things to try:',
    ...commands.flatMap(([command, about]) => [`  # ${about}`, `  ${command}`]),
    '',
    ...(ready.caFile
      ? [
          `Its certificate is from this door's own CA, ${ready.caFile}.`,
          `Without it curl says \`unable to get local issuer certificate\`; give it with --cacert, or \`${kfdoor} why\` tells more.`,
        ]
      : []),
    'Ctrl-C closes the door.',
  ].join('\n')
}
