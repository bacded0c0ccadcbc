import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { profileFiles } from '../../src/compose/profiles.ts'
import { policyYaml } from '../engine/policy-yaml.ts'
import { makeRuleBook } from '../engine/rules.ts'
import { serverCore } from '../http/pinned.ts'
import { kfdoorProgram, type RunningDoor, startDoor } from '../kit/up.ts'

/**
 * The 26.03 door (oauth2-proxy's sessions, tokens, TLS) with `rules` policies at its gateway instead of
 * the one that allows everything, and one more route, `/bench/`, to `upstream`.
 */
export async function startBenchDoor(
  folder: string,
  upstream: number,
  { rules, tls }: { readonly rules: number; readonly tls: boolean },
): Promise<RunningDoor> {
  const mesh = join(folder, `mesh-${rules}-${tls ? 'tls' : 'plain'}`)
  mkdirSync(mesh, { recursive: true })
  const allowAll =
    'spec: {action: ALLOW, rules: [{}], selector: {matchLabels: {app: istio-ingressgateway, istio: ingressgateway}}}'
  let replaced = 0
  profileFiles('26.03', { tls, demo: false }).forEach(({ text }, index) => {
    if (text.includes(allowAll)) replaced++
    writeFileSync(
      join(mesh, `release-${String(index).padStart(2, '0')}.yaml`),
      text.replace(allowAll, onlySigningIn),
    )
  })
  if (replaced !== 1) throw new Error('the profile has no policy that allows everything at its gateway')
  const others = makeRuleBook(rules - 1).rules.map(policyYaml)
  writeFileSync(join(mesh, 'rules.yaml'), [benchRule, route, ...others].join('---\n'))
  return startDoor(
    ['-f', mesh, '--upstream', `bench.bench=http://127.0.0.1:${upstream}`],
    ['taskset', '-c', String(serverCore)],
  )
}

/** A session of the release's user, as a browser sends it. */
export function sessionCookie({ env }: RunningDoor): string {
  const args = [kfdoorProgram, 'token', '--user', 'user@example.com', '-o', 'cookie']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`no session: ${stderr}`)
  return stdout.trim()
}

const onlySigningIn = `spec:
  action: ALLOW
  rules: [{to: [{operation: {paths: ["/dex/*", "/oauth2/*"]}}]}]
  selector: {matchLabels: {app: istio-ingressgateway, istio: ingressgateway}}`

const benchRule = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: bench, namespace: istio-system}
spec:
  action: ALLOW
  selector: {matchLabels: {istio: ingressgateway}}
  rules:
  - from: [{source: {requestPrincipals: ["http://dex.auth.svc.cluster.local:5556/dex/*"]}}]
    to: [{operation: {paths: ["/bench/*"], methods: ["GET"]}}]
`

const route = `apiVersion: v1
kind: Service
metadata: {name: bench, namespace: bench}
spec:
  ports: [{name: http, port: 80}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: bench, namespace: bench}
spec:
  gateways: [kubeflow/kubeflow-gateway]
  hosts: ["*"]
  http:
  - match: [{uri: {prefix: /bench/}}]
    route: [{destination: {host: bench.bench.svc.cluster.local, port: {number: 80}}}]
`
